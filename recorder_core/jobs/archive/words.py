"""The words of an archive: actions, profiles, rows, kinds of files; for who uses the facade.

They are those of `recorder_core.catalog` and `recorder_core.archive`. What stands above the jobs
imports them from here, and nothing else of these two.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from recorder_core.lazy_names import lazy_names

if TYPE_CHECKING:
    from recorder_core.archive import (
        DEFAULT_COST,
        RECOVERY_NOTICE,
        REVOCATION_NOTICE,
        Argon2Settings,
        CopyFault,
        DelaySettings,
        Password,
        SealedReader,
        recovery_qr_modules,
        recovery_qr_svg,
    )
    from recorder_core.archive.secrets.no_dumps import forbid_memory_dumps
    from recorder_core.catalog import (
        COPY_STATES,
        DELETION_REASONS,
        IDENTITY,
        OPEN_COPY_STATES,
        PERMISSIONS,
        RELEASED_STATES,
        Action,
        AuditHead,
        AuditReport,
        Event,
        EventFile,
        EventState,
        Job,
        JobState,
        Marker,
        OtherRow,
        Profile,
        RetentionRule,
        Review,
        StateChange,
        User,
        Verdict,
        allowed_actions,
        is_allowed,
    )
    from recorder_core.catalog.model.codes import check_code, utc_text
    from recorder_core.jobs.archive.event.event_base import BaseEvent
    from recorder_core.jobs.archive.place.roles import (
        FileRole,
        VideoRole,
        file_media_type,
        read_action,
    )

__all__ = [
    "COPY_STATES",
    "DEFAULT_COST",
    "DELETION_REASONS",
    "IDENTITY",
    "OPEN_COPY_STATES",
    "PERMISSIONS",
    "RECOVERY_NOTICE",
    "RELEASED_STATES",
    "REVOCATION_NOTICE",
    "Action",
    "Argon2Settings",
    "AuditHead",
    "AuditReport",
    "BaseEvent",
    "CopyFault",
    "DelaySettings",
    "Event",
    "EventFile",
    "EventState",
    "FileRole",
    "Job",
    "JobState",
    "Marker",
    "OtherRow",
    "Password",
    "Profile",
    "RetentionRule",
    "Review",
    "SealedReader",
    "StateChange",
    "User",
    "Verdict",
    "VideoRole",
    "allowed_actions",
    "check_code",
    "file_media_type",
    "forbid_memory_dumps",
    "is_allowed",
    "read_action",
    "recovery_qr_modules",
    "recovery_qr_svg",
    "utc_text",
]

#: imported when they are asked for, because cryptography is slow
__getattr__ = lazy_names(
    __name__,
    {
        "recorder_core.archive": (
            "DEFAULT_COST",
            "RECOVERY_NOTICE",
            "REVOCATION_NOTICE",
            "Argon2Settings",
            "CopyFault",
            "DelaySettings",
            "Password",
            "SealedReader",
            "recovery_qr_modules",
            "recovery_qr_svg",
        ),
        "recorder_core.archive.secrets.no_dumps": ("forbid_memory_dumps",),
        "recorder_core.catalog": (
            "COPY_STATES",
            "DELETION_REASONS",
            "IDENTITY",
            "OPEN_COPY_STATES",
            "PERMISSIONS",
            "RELEASED_STATES",
            "Action",
            "AuditHead",
            "AuditReport",
            "Event",
            "EventFile",
            "EventState",
            "Job",
            "JobState",
            "Marker",
            "OtherRow",
            "Profile",
            "RetentionRule",
            "Review",
            "StateChange",
            "User",
            "Verdict",
            "allowed_actions",
            "is_allowed",
        ),
        "recorder_core.catalog.model.codes": ("check_code", "utc_text"),
        "recorder_core.jobs.archive.event.event_base": ("BaseEvent",),
        "recorder_core.jobs.archive.place.roles": (
            "FileRole",
            "VideoRole",
            "file_media_type",
            "read_action",
        ),
    },
)
