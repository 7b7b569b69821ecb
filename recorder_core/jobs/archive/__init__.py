"""The archive as a person uses it: encrypted files and catalog joined; docs/archive.md."""

from recorder_core.jobs.archive.adopting import adopt_event
from recorder_core.jobs.archive.archive import Archive, open_archive
from recorder_core.jobs.archive.auditing import (
    accept_audit_break,
    audit_head_at,
    export_audit,
    read_audit,
    read_outside_anchor,
    verify_audit,
    verify_audit_at,
)
from recorder_core.jobs.archive.backing_up import BackupReport, backup_archive
from recorder_core.jobs.archive.copies import add_copy, discard_copy
from recorder_core.jobs.archive.copying import ExportedFile, ExportResult, export_event, open_copy
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
from recorder_core.jobs.archive.folders import ArchiveInfo, Folders, on_same_disk
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
    "read_kept_report",
    "read_outside_anchor",
    "record_event",
    "recover_access",
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
