"""The archive as a person uses it: encrypted files and catalog joined; docs/archive.md."""

from __future__ import annotations

from typing import TYPE_CHECKING

from recorder_core.lazy_names import lazy_names

if TYPE_CHECKING:
    from recorder_core.jobs.archive.access.identity import Credentials, Identity
    from recorder_core.jobs.archive.archive import Archive
    from recorder_core.jobs.archive.care.auditing import (
        SplitCatalogs,
        accept_audit_break,
        audit_head_at,
        export_audit,
        read_audit,
        read_outside_anchor,
        renew_outside_anchor,
        verify_audit,
        verify_audit_at,
    )
    from recorder_core.jobs.archive.care.backing_up import BackupReport, backup_archive
    from recorder_core.jobs.archive.care.creating import (
        accept_place,
        check_new_archive,
        create_archive,
        set_mirror,
    )
    from recorder_core.jobs.archive.care.mirror import Finding, MirrorReport, check_copies
    from recorder_core.jobs.archive.care.mirror_repair import repair_copies
    from recorder_core.jobs.archive.care.restoring import RestoreReport, restore_archive
    from recorder_core.jobs.archive.care.sealed_copies import (
        SEALED_COPY_NOTICE,
        SealedCopyFile,
        SealedCopyResult,
        copy_sealed,
    )
    from recorder_core.jobs.archive.care.status import ArchiveStatus, archive_status
    from recorder_core.jobs.archive.copies.copy_report import read_copy_warnings
    from recorder_core.jobs.archive.copies.deidentified import add_copy, discard_copy
    from recorder_core.jobs.archive.copies.deidentifying import (
        EventDeidentifyRequest,
        deidentify_event,
    )
    from recorder_core.jobs.archive.copies.exporting import (
        ExportedFile,
        ExportResult,
        export_event,
        open_copy,
    )
    from recorder_core.jobs.archive.corrections.correcting import (
        CorrectedEvent,
        SavedCorrections,
        correct_event,
        event_corrections,
        event_frames_between,
        save_event_corrections,
        undo_correction,
    )
    from recorder_core.jobs.archive.corrections.rerendering import (
        EventRerenderRequest,
        rerender_event,
    )
    from recorder_core.jobs.archive.event.corrections import EventCorrection, EventCorrections
    from recorder_core.jobs.archive.event.event import ArchivedEvent
    from recorder_core.jobs.archive.event.incomplete import Incomplete
    from recorder_core.jobs.archive.events.adopting import adopt_event
    from recorder_core.jobs.archive.events.deleting import (
        DELETION_NOTICE,
        DeletionResult,
        delete_event,
    )
    from recorder_core.jobs.archive.events.describing import DeviceFacts, add_device, mark_event
    from recorder_core.jobs.archive.events.finalising import FinaliseResult, finalise_event
    from recorder_core.jobs.archive.events.importing import (
        ImportRequest,
        ImportResult,
        import_video,
    )
    from recorder_core.jobs.archive.events.recording import (
        EventRecording,
        RecordingRequest,
        record_event,
    )
    from recorder_core.jobs.archive.events.retaining import (
        delete_due,
        retention_due,
        retention_rules,
        set_retention_rule,
    )
    from recorder_core.jobs.archive.events.room_views import no_view_sentence, set_room_view
    from recorder_core.jobs.archive.events.screenshots import ScreenshotRequest, take_screenshots
    from recorder_core.jobs.archive.events.starting import parse_started
    from recorder_core.jobs.archive.keys.recovery_check import RecoveryReport, check_recovery
    from recorder_core.jobs.archive.keys.renewing import RenewalReport, renew_recovery
    from recorder_core.jobs.archive.names.event_names import EventNames
    from recorder_core.jobs.archive.opening import open_archive
    from recorder_core.jobs.archive.people.granting import grant
    from recorder_core.jobs.archive.people.password_reset import (
        RESET_NOTICE,
        PasswordReset,
        reset_password,
    )
    from recorder_core.jobs.archive.people.revoking import revoke
    from recorder_core.jobs.archive.people.users import (
        add_user,
        change_own_password,
        disable_user,
        list_users,
        recover_access,
        set_password_cost,
        set_profile,
    )
    from recorder_core.jobs.archive.place.finding import find_archive
    from recorder_core.jobs.archive.place.folders import ArchiveInfo, Folders
    from recorder_core.jobs.archive.place.places import enclosing_archive, on_same_disk
    from recorder_core.jobs.archive.place.private_work import event_work_folder
    from recorder_core.jobs.archive.queue.handover import JobPlace
    from recorder_core.jobs.archive.queue.kinds import JOB_KINDS, JobKind
    from recorder_core.jobs.archive.queue.sentences import job_sentence
    from recorder_core.jobs.archive.readable import ReadableArchive, ReadableEvent
    from recorder_core.jobs.archive.reports.reporting import (
        keep_report,
        make_report,
        read_kept_report,
        write_kept_report,
        write_report,
    )
    from recorder_core.jobs.archive.review.moments import event_moments
    from recorder_core.jobs.archive.review.releasing import (
        archive_event,
        begin_review,
        reopen_review,
        sign_off,
        unarchive_event,
    )
    from recorder_core.jobs.archive.review.reviewing import (
        ReviewedMoment,
        decide_moment,
        rank_event,
        review_queue,
    )
    from recorder_core.jobs.archive.review.statement import event_statement

__all__ = [
    "DELETION_NOTICE",
    "JOB_KINDS",
    "RESET_NOTICE",
    "SEALED_COPY_NOTICE",
    "Archive",
    "ArchiveInfo",
    "ArchiveStatus",
    "ArchivedEvent",
    "BackupReport",
    "CorrectedEvent",
    "Credentials",
    "DeletionResult",
    "DeviceFacts",
    "EventCorrection",
    "EventCorrections",
    "EventDeidentifyRequest",
    "EventNames",
    "EventRecording",
    "EventRerenderRequest",
    "ExportResult",
    "ExportedFile",
    "FinaliseResult",
    "Finding",
    "Folders",
    "Identity",
    "ImportRequest",
    "ImportResult",
    "Incomplete",
    "JobKind",
    "JobPlace",
    "MirrorReport",
    "PasswordReset",
    "ReadableArchive",
    "ReadableEvent",
    "RecordingRequest",
    "RecoveryReport",
    "RenewalReport",
    "RestoreReport",
    "ReviewedMoment",
    "SavedCorrections",
    "ScreenshotRequest",
    "SealedCopyFile",
    "SealedCopyResult",
    "SplitCatalogs",
    "accept_audit_break",
    "accept_place",
    "add_copy",
    "add_device",
    "add_user",
    "adopt_event",
    "archive_event",
    "archive_status",
    "audit_head_at",
    "backup_archive",
    "begin_review",
    "change_own_password",
    "check_copies",
    "check_new_archive",
    "check_recovery",
    "copy_sealed",
    "correct_event",
    "create_archive",
    "decide_moment",
    "deidentify_event",
    "delete_due",
    "delete_event",
    "disable_user",
    "discard_copy",
    "enclosing_archive",
    "event_corrections",
    "event_frames_between",
    "event_moments",
    "event_statement",
    "event_work_folder",
    "export_audit",
    "export_event",
    "finalise_event",
    "find_archive",
    "grant",
    "import_video",
    "job_sentence",
    "keep_report",
    "list_users",
    "make_report",
    "mark_event",
    "no_view_sentence",
    "on_same_disk",
    "open_archive",
    "open_copy",
    "parse_started",
    "rank_event",
    "read_audit",
    "read_copy_warnings",
    "read_kept_report",
    "read_outside_anchor",
    "record_event",
    "recover_access",
    "renew_outside_anchor",
    "renew_recovery",
    "reopen_review",
    "repair_copies",
    "rerender_event",
    "reset_password",
    "restore_archive",
    "retention_due",
    "retention_rules",
    "review_queue",
    "revoke",
    "save_event_corrections",
    "set_mirror",
    "set_password_cost",
    "set_profile",
    "set_retention_rule",
    "set_room_view",
    "sign_off",
    "take_screenshots",
    "unarchive_event",
    "undo_correction",
    "verify_audit",
    "verify_audit_at",
    "write_kept_report",
    "write_report",
]

#: no command needs all of them
__getattr__ = lazy_names(
    __name__,
    {
        ".access.identity": ("Credentials", "Identity"),
        ".archive": ("Archive",),
        ".care.auditing": (
            "SplitCatalogs",
            "accept_audit_break",
            "audit_head_at",
            "export_audit",
            "read_audit",
            "read_outside_anchor",
            "renew_outside_anchor",
            "verify_audit",
            "verify_audit_at",
        ),
        ".care.backing_up": ("BackupReport", "backup_archive"),
        ".care.creating": ("accept_place", "check_new_archive", "create_archive", "set_mirror"),
        ".care.mirror": ("Finding", "MirrorReport", "check_copies"),
        ".care.mirror_repair": ("repair_copies",),
        ".care.restoring": ("RestoreReport", "restore_archive"),
        ".care.sealed_copies": (
            "SEALED_COPY_NOTICE",
            "SealedCopyFile",
            "SealedCopyResult",
            "copy_sealed",
        ),
        ".care.status": ("ArchiveStatus", "archive_status"),
        ".copies.copy_report": ("read_copy_warnings",),
        ".copies.deidentified": ("add_copy", "discard_copy"),
        ".copies.deidentifying": ("EventDeidentifyRequest", "deidentify_event"),
        ".copies.exporting": ("ExportResult", "ExportedFile", "export_event", "open_copy"),
        ".corrections.correcting": (
            "CorrectedEvent",
            "SavedCorrections",
            "correct_event",
            "event_corrections",
            "event_frames_between",
            "save_event_corrections",
            "undo_correction",
        ),
        ".corrections.rerendering": ("EventRerenderRequest", "rerender_event"),
        ".event.corrections": ("EventCorrection", "EventCorrections"),
        ".event.event": ("ArchivedEvent",),
        ".event.incomplete": ("Incomplete",),
        ".events.adopting": ("adopt_event",),
        ".events.deleting": ("DELETION_NOTICE", "DeletionResult", "delete_event"),
        ".events.describing": ("DeviceFacts", "add_device", "mark_event"),
        ".events.finalising": ("FinaliseResult", "finalise_event"),
        ".events.importing": ("ImportRequest", "ImportResult", "import_video"),
        ".events.starting": ("parse_started",),
        ".events.recording": ("EventRecording", "RecordingRequest", "record_event"),
        ".events.retaining": (
            "delete_due",
            "retention_due",
            "retention_rules",
            "set_retention_rule",
        ),
        ".events.room_views": ("no_view_sentence", "set_room_view"),
        ".events.screenshots": ("ScreenshotRequest", "take_screenshots"),
        ".keys.recovery_check": ("RecoveryReport", "check_recovery"),
        ".keys.renewing": ("RenewalReport", "renew_recovery"),
        ".names.event_names": ("EventNames",),
        ".opening": ("open_archive",),
        ".people.granting": ("grant",),
        ".people.password_reset": ("RESET_NOTICE", "PasswordReset", "reset_password"),
        ".people.revoking": ("revoke",),
        ".people.users": (
            "add_user",
            "change_own_password",
            "disable_user",
            "list_users",
            "recover_access",
            "set_password_cost",
            "set_profile",
        ),
        ".place.finding": ("find_archive",),
        ".place.folders": ("ArchiveInfo", "Folders"),
        ".place.places": ("enclosing_archive", "on_same_disk"),
        ".place.private_work": ("event_work_folder",),
        ".queue.handover": ("JobPlace",),
        ".queue.kinds": ("JOB_KINDS", "JobKind"),
        ".queue.sentences": ("job_sentence",),
        ".readable": ("ReadableArchive", "ReadableEvent"),
        ".reports.reporting": (
            "keep_report",
            "make_report",
            "read_kept_report",
            "write_kept_report",
            "write_report",
        ),
        ".review.moments": ("event_moments",),
        ".review.releasing": (
            "archive_event",
            "begin_review",
            "reopen_review",
            "sign_off",
            "unarchive_event",
        ),
        ".review.reviewing": ("ReviewedMoment", "decide_moment", "rank_event", "review_queue"),
        ".review.statement": ("event_statement",),
    },
)
