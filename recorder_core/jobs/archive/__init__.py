"""The archive as a person uses it: encrypted files and catalog joined; docs/archive.md."""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from recorder_core.jobs.archive.adopting import adopt_event
    from recorder_core.jobs.archive.archive import Archive, open_archive
    from recorder_core.jobs.archive.auditing import (
        accept_audit_break,
        audit_head_at,
        export_audit,
        read_audit,
        read_outside_anchor,
        renew_outside_anchor,
        verify_audit,
        verify_audit_at,
    )
    from recorder_core.jobs.archive.backing_up import BackupReport, backup_archive
    from recorder_core.jobs.archive.copies import add_copy, discard_copy
    from recorder_core.jobs.archive.copy_report import read_copy_warnings
    from recorder_core.jobs.archive.copying import (
        ExportedFile,
        ExportResult,
        export_event,
        open_copy,
    )
    from recorder_core.jobs.archive.creating import accept_place, create_archive, set_mirror
    from recorder_core.jobs.archive.deleting import (
        DELETION_NOTICE,
        DeletionResult,
        delete_event,
        unfinished_deletions,
    )
    from recorder_core.jobs.archive.describing import DeviceFacts, add_device, mark_event
    from recorder_core.jobs.archive.event import ArchivedEvent
    from recorder_core.jobs.archive.event_names import EventNames
    from recorder_core.jobs.archive.finalising import FinaliseResult, finalise_event
    from recorder_core.jobs.archive.folders import ArchiveInfo, Folders
    from recorder_core.jobs.archive.granting import grant, revoke
    from recorder_core.jobs.archive.identity import Credentials, Identity
    from recorder_core.jobs.archive.importing import (
        ImportRequest,
        ImportResult,
        import_video,
        parse_started,
    )
    from recorder_core.jobs.archive.incomplete import Incomplete
    from recorder_core.jobs.archive.mirror import Finding, MirrorReport, check_copies
    from recorder_core.jobs.archive.mirror_repair import repair_copies
    from recorder_core.jobs.archive.password_reset import (
        RESET_NOTICE,
        PasswordReset,
        reset_password,
    )
    from recorder_core.jobs.archive.places import enclosing_archive, on_same_disk
    from recorder_core.jobs.archive.recording import EventRecording, RecordingRequest, record_event
    from recorder_core.jobs.archive.recovery_check import RecoveryReport, check_recovery
    from recorder_core.jobs.archive.releasing import (
        archive_event,
        begin_review,
        reopen_review,
        sign_off,
        unarchive_event,
    )
    from recorder_core.jobs.archive.renewing import RenewalReport, renew_recovery
    from recorder_core.jobs.archive.reporting import (
        keep_report,
        make_report,
        read_kept_report,
        write_kept_report,
        write_report,
    )
    from recorder_core.jobs.archive.restoring import RestoreReport, restore_archive
    from recorder_core.jobs.archive.retaining import (
        delete_due,
        retention_due,
        retention_rules,
        set_retention_rule,
    )
    from recorder_core.jobs.archive.screenshots import ScreenshotRequest, take_screenshots
    from recorder_core.jobs.archive.sealed_copies import (
        SEALED_COPY_NOTICE,
        SealedCopyFile,
        SealedCopyResult,
        copy_sealed,
    )
    from recorder_core.jobs.archive.status import ArchiveStatus, archive_status
    from recorder_core.jobs.archive.users import (
        add_user,
        change_own_password,
        disable_user,
        list_users,
        recover_access,
        set_password_cost,
        set_profile,
    )

__all__ = [
    "DELETION_NOTICE",
    "RESET_NOTICE",
    "SEALED_COPY_NOTICE",
    "Archive",
    "ArchiveInfo",
    "ArchiveStatus",
    "ArchivedEvent",
    "BackupReport",
    "Credentials",
    "DeletionResult",
    "DeviceFacts",
    "EventNames",
    "EventRecording",
    "ExportResult",
    "ExportedFile",
    "FinaliseResult",
    "Finding",
    "Folders",
    "Identity",
    "ImportRequest",
    "ImportResult",
    "Incomplete",
    "MirrorReport",
    "PasswordReset",
    "RecordingRequest",
    "RecoveryReport",
    "RenewalReport",
    "RestoreReport",
    "ScreenshotRequest",
    "SealedCopyFile",
    "SealedCopyResult",
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
    "check_recovery",
    "copy_sealed",
    "create_archive",
    "delete_due",
    "delete_event",
    "disable_user",
    "discard_copy",
    "enclosing_archive",
    "export_audit",
    "export_event",
    "finalise_event",
    "grant",
    "import_video",
    "keep_report",
    "list_users",
    "make_report",
    "mark_event",
    "on_same_disk",
    "open_archive",
    "open_copy",
    "parse_started",
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
    "reset_password",
    "restore_archive",
    "retention_due",
    "retention_rules",
    "revoke",
    "set_mirror",
    "set_password_cost",
    "set_profile",
    "set_retention_rule",
    "sign_off",
    "take_screenshots",
    "unarchive_event",
    "unfinished_deletions",
    "verify_audit",
    "verify_audit_at",
    "write_kept_report",
    "write_report",
]

#: which module a name is from; imported when it is asked for, because no command needs all of them
_MODULES: Final = {
    "DELETION_NOTICE": "deleting",
    "RESET_NOTICE": "password_reset",
    "SEALED_COPY_NOTICE": "sealed_copies",
    "Archive": "archive",
    "ArchiveInfo": "folders",
    "ArchiveStatus": "status",
    "ArchivedEvent": "event",
    "BackupReport": "backing_up",
    "Credentials": "identity",
    "DeletionResult": "deleting",
    "DeviceFacts": "describing",
    "EventNames": "event_names",
    "EventRecording": "recording",
    "ExportResult": "copying",
    "ExportedFile": "copying",
    "FinaliseResult": "finalising",
    "Finding": "mirror",
    "Folders": "folders",
    "Identity": "identity",
    "ImportRequest": "importing",
    "ImportResult": "importing",
    "Incomplete": "incomplete",
    "MirrorReport": "mirror",
    "PasswordReset": "password_reset",
    "RecordingRequest": "recording",
    "RecoveryReport": "recovery_check",
    "RenewalReport": "renewing",
    "RestoreReport": "restoring",
    "ScreenshotRequest": "screenshots",
    "SealedCopyFile": "sealed_copies",
    "SealedCopyResult": "sealed_copies",
    "accept_audit_break": "auditing",
    "accept_place": "creating",
    "add_copy": "copies",
    "add_device": "describing",
    "add_user": "users",
    "adopt_event": "adopting",
    "archive_event": "releasing",
    "archive_status": "status",
    "audit_head_at": "auditing",
    "backup_archive": "backing_up",
    "begin_review": "releasing",
    "change_own_password": "users",
    "check_copies": "mirror",
    "check_recovery": "recovery_check",
    "copy_sealed": "sealed_copies",
    "create_archive": "creating",
    "delete_due": "retaining",
    "delete_event": "deleting",
    "disable_user": "users",
    "discard_copy": "copies",
    "enclosing_archive": "places",
    "export_audit": "auditing",
    "export_event": "copying",
    "finalise_event": "finalising",
    "grant": "granting",
    "import_video": "importing",
    "keep_report": "reporting",
    "list_users": "users",
    "make_report": "reporting",
    "mark_event": "describing",
    "on_same_disk": "places",
    "open_archive": "archive",
    "open_copy": "copying",
    "parse_started": "importing",
    "read_audit": "auditing",
    "read_copy_warnings": "copy_report",
    "read_kept_report": "reporting",
    "read_outside_anchor": "auditing",
    "record_event": "recording",
    "recover_access": "users",
    "renew_outside_anchor": "auditing",
    "renew_recovery": "renewing",
    "reopen_review": "releasing",
    "repair_copies": "mirror_repair",
    "reset_password": "password_reset",
    "restore_archive": "restoring",
    "retention_due": "retaining",
    "retention_rules": "retaining",
    "revoke": "granting",
    "set_mirror": "creating",
    "set_password_cost": "users",
    "set_profile": "users",
    "set_retention_rule": "retaining",
    "sign_off": "releasing",
    "take_screenshots": "screenshots",
    "unarchive_event": "releasing",
    "unfinished_deletions": "deleting",
    "verify_audit": "auditing",
    "verify_audit_at": "auditing",
    "write_kept_report": "reporting",
    "write_report": "reporting",
}


def __getattr__(name: str) -> Any:
    """Import the module that a name is from."""
    if name not in _MODULES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(importlib.import_module(f"{__name__}.{_MODULES[name]}"), name)
