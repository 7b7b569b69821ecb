"""The database of events, users, grants, corrections and the audit log; owner of sqlite3."""

from recorder_core.catalog.audit.anchors import EMPTY_HEAD, AuditHead
from recorder_core.catalog.audit.chain import AuditFinding, AuditReport, AuditRow, hash_row
from recorder_core.catalog.audit.ledger import Ledger, Verifier
from recorder_core.catalog.audit.log import AuditLog
from recorder_core.catalog.care.checks import check_catalog, check_form, check_log
from recorder_core.catalog.care.comparing import (
    compare_catalogs,
    has_other_rows,
    has_other_signatures,
    is_accepted_fault,
)
from recorder_core.catalog.care.continuation import OtherRow, continuation_fault, other_rows
from recorder_core.catalog.care.earlier import EarlierEvent, earlier_event
from recorder_core.catalog.care.mending import enter_rows, mend_rows, unlike_rows
from recorder_core.catalog.care.repaired_rows import log_repaired_rows, repaired_row_findings
from recorder_core.catalog.care.replica import continue_log, copy_catalog, previous_copy
from recorder_core.catalog.catalog import Catalog
from recorder_core.catalog.database.links import catalog_link
from recorder_core.catalog.events.contents import Contents
from recorder_core.catalog.events.events import IDENTITY, Events
from recorder_core.catalog.events.moments import MomentDecision, MomentQueue, Moments, Verdict
from recorder_core.catalog.events.retention import Retention, RetentionNotice
from recorder_core.catalog.events.reviews import Reviews
from recorder_core.catalog.events.views import EventView, Views
from recorder_core.catalog.jobs import Jobs, SameKind
from recorder_core.catalog.model.actor import Actor
from recorder_core.catalog.model.life import (
    COPY_STATES,
    DELETION_REASONS,
    NEW_COPY_STATES,
    OPEN_COPY_STATES,
    RELEASED_STATES,
    TRANSITIONS,
    DeletionReason,
    EventState,
)
from recorder_core.catalog.model.profiles import (
    PERMISSIONS,
    Action,
    Profile,
    allowed_actions,
    is_allowed,
    require,
)
from recorder_core.catalog.model.records import (
    CorrectionRecord,
    DetectionsSummary,
    Event,
    EventDevice,
    EventFile,
    Grant,
    Job,
    JobState,
    Marker,
    RetentionRule,
    Review,
    Screenshot,
    SealedKey,
    SealedRecord,
    Signal,
    StateChange,
    User,
)
from recorder_core.catalog.people import Grants, Users
from recorder_core.catalog.settings import Settings

__all__ = [
    "COPY_STATES",
    "DELETION_REASONS",
    "EMPTY_HEAD",
    "IDENTITY",
    "NEW_COPY_STATES",
    "OPEN_COPY_STATES",
    "PERMISSIONS",
    "RELEASED_STATES",
    "TRANSITIONS",
    "Action",
    "Actor",
    "AuditFinding",
    "AuditHead",
    "AuditLog",
    "AuditReport",
    "AuditRow",
    "Catalog",
    "Contents",
    "CorrectionRecord",
    "DeletionReason",
    "DetectionsSummary",
    "EarlierEvent",
    "Event",
    "EventDevice",
    "EventFile",
    "EventState",
    "EventView",
    "Events",
    "Grant",
    "Grants",
    "Job",
    "JobState",
    "Jobs",
    "Ledger",
    "Marker",
    "MomentDecision",
    "MomentQueue",
    "Moments",
    "OtherRow",
    "Profile",
    "Retention",
    "RetentionNotice",
    "RetentionRule",
    "Review",
    "Reviews",
    "SameKind",
    "Screenshot",
    "SealedKey",
    "SealedRecord",
    "Settings",
    "Signal",
    "StateChange",
    "User",
    "Users",
    "Verdict",
    "Verifier",
    "Views",
    "allowed_actions",
    "catalog_link",
    "check_catalog",
    "check_form",
    "check_log",
    "compare_catalogs",
    "continuation_fault",
    "continue_log",
    "copy_catalog",
    "earlier_event",
    "enter_rows",
    "has_other_rows",
    "has_other_signatures",
    "hash_row",
    "is_accepted_fault",
    "is_allowed",
    "log_repaired_rows",
    "mend_rows",
    "other_rows",
    "previous_copy",
    "repaired_row_findings",
    "require",
    "unlike_rows",
]
