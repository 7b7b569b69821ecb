"""The words of an archive: actions, profiles, rows, kinds of files; for users of the facade.

They are those of `recorder_core.catalog` and `recorder_core.archive`. What stands above the jobs
imports them from here, and nothing else of these two.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from recorder_core.lazy_names import lazy_names

if TYPE_CHECKING:
    from recorder_core.archive import (
        DEFAULT_COST as DEFAULT_COST,
        RECOVERY_NOTICE as RECOVERY_NOTICE,
        REVOCATION_NOTICE as REVOCATION_NOTICE,
        Argon2Settings as Argon2Settings,
        CopyFault as CopyFault,
        DelaySettings as DelaySettings,
        Password as Password,
        SealedReader as SealedReader,
        recovery_qr_modules as recovery_qr_modules,
        recovery_qr_svg as recovery_qr_svg,
    )
    from recorder_core.archive.secrets.no_dumps import (
        forbid_memory_dumps as forbid_memory_dumps,
    )
    from recorder_core.catalog import (
        COPY_STATES as COPY_STATES,
        DELETION_REASONS as DELETION_REASONS,
        IDENTITY as IDENTITY,
        OPEN_COPY_STATES as OPEN_COPY_STATES,
        PERMISSIONS as PERMISSIONS,
        RELEASED_STATES as RELEASED_STATES,
        Action as Action,
        AuditHead as AuditHead,
        AuditReport as AuditReport,
        Event as Event,
        EventFile as EventFile,
        EventState as EventState,
        Job as Job,
        JobState as JobState,
        Marker as Marker,
        OtherRow as OtherRow,
        Profile as Profile,
        RetentionRule as RetentionRule,
        Review as Review,
        StateChange as StateChange,
        User as User,
        Verdict as Verdict,
        allowed_actions as allowed_actions,
        is_allowed as is_allowed,
    )
    from recorder_core.catalog.model.codes import (
        check_code as check_code,
        utc_text as utc_text,
    )
    from recorder_core.jobs.archive.event.event_base import (
        BaseEvent as BaseEvent,
    )
    from recorder_core.jobs.archive.place.roles import (
        FileRole as FileRole,
        VideoRole as VideoRole,
        file_media_type as file_media_type,
        read_action as read_action,
        role_of as role_of,
    )


#: imported when they are asked for, because cryptography is slow
__getattr__, __all__ = lazy_names(__name__, __file__)
