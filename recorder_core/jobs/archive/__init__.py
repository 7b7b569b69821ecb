"""The archive as a person uses it: encrypted files and catalog joined; docs/archive.md."""

from recorder_core.jobs.archive.archive import Archive, create_archive, open_archive
from recorder_core.jobs.archive.auditing import (
    accept_audit_break,
    export_audit,
    read_audit,
    verify_audit,
    verify_audit_at,
)
from recorder_core.jobs.archive.copies import add_copy, reopen_review, sign_off
from recorder_core.jobs.archive.copying import ExportedFile, ExportResult, export_event
from recorder_core.jobs.archive.deleting import DELETION_NOTICE, DeletionResult, delete_event
from recorder_core.jobs.archive.event import ArchivedEvent
from recorder_core.jobs.archive.event_names import EventNames
from recorder_core.jobs.archive.folders import ArchiveInfo, Folders
from recorder_core.jobs.archive.granting import grant, revoke
from recorder_core.jobs.archive.identity import Credentials, Identity
from recorder_core.jobs.archive.importing import (
    ImportRequest,
    ImportResult,
    import_video,
    parse_started,
)
from recorder_core.jobs.archive.mirror import Finding, MirrorReport, check_copies, repair_copies
from recorder_core.jobs.archive.reporting import make_report, write_report
from recorder_core.jobs.archive.status import ArchiveStatus, archive_status
from recorder_core.jobs.archive.users import (
    add_user,
    change_own_password,
    disable_user,
    list_users,
    recover_access,
    set_profile,
)

__all__ = [
    "DELETION_NOTICE",
    "Archive",
    "ArchiveInfo",
    "ArchiveStatus",
    "ArchivedEvent",
    "Credentials",
    "DeletionResult",
    "EventNames",
    "ExportResult",
    "ExportedFile",
    "Finding",
    "Folders",
    "Identity",
    "ImportRequest",
    "ImportResult",
    "MirrorReport",
    "accept_audit_break",
    "add_copy",
    "add_user",
    "archive_status",
    "change_own_password",
    "check_copies",
    "create_archive",
    "delete_event",
    "disable_user",
    "export_audit",
    "export_event",
    "grant",
    "import_video",
    "list_users",
    "make_report",
    "open_archive",
    "parse_started",
    "read_audit",
    "recover_access",
    "reopen_review",
    "repair_copies",
    "revoke",
    "set_profile",
    "sign_off",
    "verify_audit",
    "verify_audit_at",
    "write_report",
]
