"""The archive as a person uses it: encrypted files and catalog joined; docs/archive.md."""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any, Final

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
        parse_started,
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
    from recorder_core.jobs.archive.events.screenshots import ScreenshotRequest, take_screenshots
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
    from recorder_core.jobs.archive.queue.handing import JobPlace
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
    "sign_off",
    "take_screenshots",
    "unarchive_event",
    "undo_correction",
    "verify_audit",
    "verify_audit_at",
    "write_kept_report",
    "write_report",
]

#: which module a name is from; imported when it is asked for, because no command needs all of them
_MODULES: Final = {
    "ReviewedMoment": "review.reviewing",
    "review_queue": "review.reviewing",
    "rank_event": "review.reviewing",
    "event_statement": "review.statement",
    "decide_moment": "review.reviewing",
    "CorrectedEvent": "corrections.correcting",
    "EventCorrection": "event.corrections",
    "EventCorrections": "event.corrections",
    "SavedCorrections": "corrections.correcting",
    "correct_event": "corrections.correcting",
    "event_corrections": "corrections.correcting",
    "event_frames_between": "corrections.correcting",
    "event_moments": "review.moments",
    "save_event_corrections": "corrections.correcting",
    "undo_correction": "corrections.correcting",
    "EventRerenderRequest": "corrections.rerendering",
    "rerender_event": "corrections.rerendering",
    "DELETION_NOTICE": "events.deleting",
    "RESET_NOTICE": "people.password_reset",
    "SEALED_COPY_NOTICE": "care.sealed_copies",
    "Archive": "archive",
    "ArchiveInfo": "place.folders",
    "ArchiveStatus": "care.status",
    "ArchivedEvent": "event.event",
    "BackupReport": "care.backing_up",
    "Credentials": "access.identity",
    "DeletionResult": "events.deleting",
    "DeviceFacts": "events.describing",
    "EventDeidentifyRequest": "copies.deidentifying",
    "EventNames": "names.event_names",
    "EventRecording": "events.recording",
    "ExportResult": "copies.exporting",
    "ExportedFile": "copies.exporting",
    "FinaliseResult": "events.finalising",
    "Finding": "care.mirror",
    "Folders": "place.folders",
    "find_archive": "place.finding",
    "Identity": "access.identity",
    "ImportRequest": "events.importing",
    "ImportResult": "events.importing",
    "Incomplete": "event.incomplete",
    "JOB_KINDS": "queue.kinds",
    "JobKind": "queue.kinds",
    "JobPlace": "queue.handing",
    "MirrorReport": "care.mirror",
    "PasswordReset": "people.password_reset",
    "ReadableArchive": "readable",
    "ReadableEvent": "readable",
    "RecordingRequest": "events.recording",
    "RecoveryReport": "keys.recovery_check",
    "RenewalReport": "keys.renewing",
    "RestoreReport": "care.restoring",
    "ScreenshotRequest": "events.screenshots",
    "SealedCopyFile": "care.sealed_copies",
    "SealedCopyResult": "care.sealed_copies",
    "SplitCatalogs": "care.auditing",
    "accept_audit_break": "care.auditing",
    "accept_place": "care.creating",
    "check_new_archive": "care.creating",
    "add_copy": "copies.deidentified",
    "add_device": "events.describing",
    "add_user": "people.users",
    "adopt_event": "events.adopting",
    "archive_event": "review.releasing",
    "archive_status": "care.status",
    "audit_head_at": "care.auditing",
    "backup_archive": "care.backing_up",
    "begin_review": "review.releasing",
    "change_own_password": "people.users",
    "check_copies": "care.mirror",
    "check_recovery": "keys.recovery_check",
    "copy_sealed": "care.sealed_copies",
    "create_archive": "care.creating",
    "deidentify_event": "copies.deidentifying",
    "delete_due": "events.retaining",
    "delete_event": "events.deleting",
    "disable_user": "people.users",
    "discard_copy": "copies.deidentified",
    "enclosing_archive": "place.places",
    "event_work_folder": "place.private_work",
    "export_audit": "care.auditing",
    "export_event": "copies.exporting",
    "finalise_event": "events.finalising",
    "grant": "people.granting",
    "import_video": "events.importing",
    "job_sentence": "queue.sentences",
    "keep_report": "reports.reporting",
    "list_users": "people.users",
    "make_report": "reports.reporting",
    "mark_event": "events.describing",
    "on_same_disk": "place.places",
    "open_archive": "opening",
    "open_copy": "copies.exporting",
    "parse_started": "events.importing",
    "read_audit": "care.auditing",
    "read_copy_warnings": "copies.copy_report",
    "read_kept_report": "reports.reporting",
    "read_outside_anchor": "care.auditing",
    "record_event": "events.recording",
    "recover_access": "people.users",
    "renew_outside_anchor": "care.auditing",
    "renew_recovery": "keys.renewing",
    "reopen_review": "review.releasing",
    "repair_copies": "care.mirror_repair",
    "reset_password": "people.password_reset",
    "restore_archive": "care.restoring",
    "retention_due": "events.retaining",
    "retention_rules": "events.retaining",
    "revoke": "people.revoking",
    "set_mirror": "care.creating",
    "set_password_cost": "people.users",
    "set_profile": "people.users",
    "set_retention_rule": "events.retaining",
    "sign_off": "review.releasing",
    "take_screenshots": "events.screenshots",
    "unarchive_event": "review.releasing",
    "verify_audit": "care.auditing",
    "verify_audit_at": "care.auditing",
    "write_kept_report": "reports.reporting",
    "write_report": "reports.reporting",
}


def __getattr__(name: str) -> Any:
    """Import the module that a name is from."""
    if name not in _MODULES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(importlib.import_module(f"{__name__}.{_MODULES[name]}"), name)
