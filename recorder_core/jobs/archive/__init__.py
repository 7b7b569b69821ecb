"""The archive as a person uses it: encrypted files and catalog joined; docs/archive.md."""

from __future__ import annotations

from typing import TYPE_CHECKING

from recorder_core.lazy_names import lazy_names

if TYPE_CHECKING:
    from recorder_core.jobs.archive.access.identity import (
        Credentials as Credentials,
        Identity as Identity,
    )
    from recorder_core.jobs.archive.archive import (
        Archive as Archive,
    )
    from recorder_core.jobs.archive.care.auditing import (
        SplitCatalogs as SplitCatalogs,
        accept_audit_break as accept_audit_break,
        audit_head_at as audit_head_at,
        export_audit as export_audit,
        read_audit as read_audit,
        read_outside_anchor as read_outside_anchor,
        renew_outside_anchor as renew_outside_anchor,
        verify_audit as verify_audit,
        verify_audit_at as verify_audit_at,
    )
    from recorder_core.jobs.archive.care.backing_up import (
        BackupReport as BackupReport,
        backup_archive as backup_archive,
    )
    from recorder_core.jobs.archive.care.creating import (
        accept_place as accept_place,
        check_new_archive as check_new_archive,
        create_archive as create_archive,
        set_mirror as set_mirror,
    )
    from recorder_core.jobs.archive.care.mirror import (
        Finding as Finding,
        MirrorReport as MirrorReport,
        check_copies as check_copies,
    )
    from recorder_core.jobs.archive.care.mirror_repair import (
        repair_copies as repair_copies,
    )
    from recorder_core.jobs.archive.care.restoring import (
        RestoreReport as RestoreReport,
        restore_archive as restore_archive,
    )
    from recorder_core.jobs.archive.care.sealed_copies import (
        SEALED_COPY_NOTICE as SEALED_COPY_NOTICE,
        SealedCopyFile as SealedCopyFile,
        SealedCopyResult as SealedCopyResult,
        copy_sealed as copy_sealed,
    )
    from recorder_core.jobs.archive.care.status import (
        ArchiveStatus as ArchiveStatus,
        archive_status as archive_status,
    )
    from recorder_core.jobs.archive.copies.copy_report import (
        read_copy_warnings as read_copy_warnings,
    )
    from recorder_core.jobs.archive.copies.deidentified import (
        add_copy as add_copy,
        discard_copy as discard_copy,
    )
    from recorder_core.jobs.archive.copies.deidentifying import (
        EventDeidentifyRequest as EventDeidentifyRequest,
        deidentify_event as deidentify_event,
    )
    from recorder_core.jobs.archive.copies.exporting import (
        ExportedFile as ExportedFile,
        ExportResult as ExportResult,
        export_event as export_event,
        open_copy as open_copy,
        open_for_export as open_for_export,
    )
    from recorder_core.jobs.archive.corrections.correcting import (
        CorrectedEvent as CorrectedEvent,
        SavedCorrections as SavedCorrections,
        correct_event as correct_event,
        event_corrections as event_corrections,
        event_frames_between as event_frames_between,
        save_event_corrections as save_event_corrections,
        undo_correction as undo_correction,
    )
    from recorder_core.jobs.archive.corrections.rerendering import (
        EventRerenderRequest as EventRerenderRequest,
        rerender_event as rerender_event,
    )
    from recorder_core.jobs.archive.event.corrections import (
        EventCorrection as EventCorrection,
        EventCorrections as EventCorrections,
    )
    from recorder_core.jobs.archive.event.event import (
        ArchivedEvent as ArchivedEvent,
    )
    from recorder_core.jobs.archive.event.incomplete import (
        Incomplete as Incomplete,
    )
    from recorder_core.jobs.archive.event.present_copy import (
        copy_id as copy_id,
    )
    from recorder_core.jobs.archive.event.room_view import (
        no_view_sentence as no_view_sentence,
    )
    from recorder_core.jobs.archive.events.adopting import (
        adopt_event as adopt_event,
    )
    from recorder_core.jobs.archive.events.deleting import (
        DELETION_NOTICE as DELETION_NOTICE,
        DeletionResult as DeletionResult,
        delete_event as delete_event,
    )
    from recorder_core.jobs.archive.events.describing import (
        DeviceFacts as DeviceFacts,
        add_device as add_device,
        mark_event as mark_event,
    )
    from recorder_core.jobs.archive.events.import_result import (
        ImportResult as ImportResult,
    )
    from recorder_core.jobs.archive.events.importing import (
        ImportRequest as ImportRequest,
        import_video as import_video,
    )
    from recorder_core.jobs.archive.events.inbox import (
        Inbox as Inbox,
        InboxFile as InboxFile,
        list_inbox as list_inbox,
    )
    from recorder_core.jobs.archive.events.retaining import (
        confirm_clock as confirm_clock,
        delete_due as delete_due,
        retention_due as retention_due,
        retention_rules as retention_rules,
        set_retention_rule as set_retention_rule,
    )
    from recorder_core.jobs.archive.events.room_views import (
        set_room_view as set_room_view,
    )
    from recorder_core.jobs.archive.events.screenshots import (
        ScreenshotRequest as ScreenshotRequest,
        event_screenshots as event_screenshots,
        read_screenshot as read_screenshot,
        take_screenshots as take_screenshots,
    )
    from recorder_core.jobs.archive.events.starting import (
        parse_started as parse_started,
    )
    from recorder_core.jobs.archive.keys.recovery_check import (
        RecoveryReport as RecoveryReport,
        check_recovery as check_recovery,
    )
    from recorder_core.jobs.archive.keys.renewing import (
        RenewalReport as RenewalReport,
        renew_recovery as renew_recovery,
    )
    from recorder_core.jobs.archive.names.event_names import (
        EventNames as EventNames,
    )
    from recorder_core.jobs.archive.opening import (
        open_archive as open_archive,
    )
    from recorder_core.jobs.archive.people.granting import (
        event_key_holders as event_key_holders,
        grant as grant,
    )
    from recorder_core.jobs.archive.people.password_reset import (
        RESET_NOTICE as RESET_NOTICE,
        PasswordReset as PasswordReset,
        reset_password as reset_password,
    )
    from recorder_core.jobs.archive.people.recovery_words import (
        with_recovery_words as with_recovery_words,
    )
    from recorder_core.jobs.archive.people.revoking import (
        revoke as revoke,
    )
    from recorder_core.jobs.archive.people.users import (
        add_user as add_user,
        change_own_password as change_own_password,
        disable_user as disable_user,
        list_users as list_users,
        recover_access as recover_access,
        set_password_cost as set_password_cost,
        set_profile as set_profile,
    )
    from recorder_core.jobs.archive.place.finding import (
        find_archive as find_archive,
    )
    from recorder_core.jobs.archive.place.folders import (
        ArchiveInfo as ArchiveInfo,
        Folders as Folders,
    )
    from recorder_core.jobs.archive.place.places import (
        enclosing_archive as enclosing_archive,
        on_same_disk as on_same_disk,
    )
    from recorder_core.jobs.archive.place.private_work import (
        event_work_folder as event_work_folder,
        kept_work_folder as kept_work_folder,
    )
    from recorder_core.jobs.archive.queue.handover import (
        JobPlace as JobPlace,
    )
    from recorder_core.jobs.archive.queue.job_kind import (
        CommandKind as CommandKind,
        JobKind as JobKind,
        JobSetting as JobSetting,
    )
    from recorder_core.jobs.archive.queue.kinds import (
        JOB_KINDS as JOB_KINDS,
    )
    from recorder_core.jobs.archive.queue.pieces import (
        JobUpdate as JobUpdate,
        JobWatch as JobWatch,
    )
    from recorder_core.jobs.archive.queue.sentences import (
        job_phrases as job_phrases,
        job_sentence as job_sentence,
    )
    from recorder_core.jobs.archive.readable import (
        ReadableArchive as ReadableArchive,
        ReadableEvent as ReadableEvent,
    )
    from recorder_core.jobs.archive.recording.finalising import (
        FinaliseResult as FinaliseResult,
        finalise_event as finalise_event,
    )
    from recorder_core.jobs.archive.recording.recording import (
        EventRecording as EventRecording,
        record_event as record_event,
    )
    from recorder_core.jobs.archive.recording.request import (
        RecordingRequest as RecordingRequest,
    )
    from recorder_core.jobs.archive.reports.reporting import (
        keep_report as keep_report,
        make_report as make_report,
        read_kept_report as read_kept_report,
        write_kept_report as write_kept_report,
        write_report as write_report,
    )
    from recorder_core.jobs.archive.review.drafts import (
        draft_key as draft_key,
    )
    from recorder_core.jobs.archive.review.moments import (
        event_moments as event_moments,
    )
    from recorder_core.jobs.archive.review.releasing import (
        archive_event as archive_event,
        begin_review as begin_review,
        reopen_review as reopen_review,
        sign_off as sign_off,
        unarchive_event as unarchive_event,
    )
    from recorder_core.jobs.archive.review.reviewing import (
        ReviewedMoment as ReviewedMoment,
        decide_moment as decide_moment,
        rank_event as rank_event,
        review_queue as review_queue,
    )
    from recorder_core.jobs.archive.review.second_review import (
        event_sign_offs as event_sign_offs,
        half_signed_events as half_signed_events,
        set_reviewers_needed as set_reviewers_needed,
    )
    from recorder_core.jobs.archive.review.statement import (
        event_statement as event_statement,
    )


#: no command needs all of them
__getattr__, __all__ = lazy_names(__name__, __file__)
