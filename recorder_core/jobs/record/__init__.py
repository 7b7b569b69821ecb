"""Record a room into an archive; docs/recorder.md."""

from __future__ import annotations

from typing import TYPE_CHECKING

from recorder_core.lazy_names import lazy_names

if TYPE_CHECKING:
    from recorder_core.jobs.record.gaps import (
        Gap as Gap,
    )
    from recorder_core.jobs.record.late_sealing import (
        LateSealing as LateSealing,
    )
    from recorder_core.jobs.record.one_recorder import (
        as_only_recorder as as_only_recorder,
    )
    from recorder_core.jobs.record.ready import (
        ReadyRoom as ReadyRoom,
    )
    from recorder_core.jobs.record.recorder import (
        RoomRecorder as RoomRecorder,
    )
    from recorder_core.jobs.record.request import (
        RecordRequest as RecordRequest,
    )
    from recorder_core.jobs.record.room.config import (
        RoomConfig as RoomConfig,
    )
    from recorder_core.jobs.record.room.file import (
        read_room as read_room,
        read_room_values as read_room_values,
    )
    from recorder_core.jobs.record.room.sources import (
        RoomSources as RoomSources,
    )
    from recorder_core.jobs.record.room.values import (
        room_from_values as room_from_values,
    )
    from recorder_core.jobs.record.space import (
        SpaceLimits as SpaceLimits,
    )
    from recorder_core.jobs.record.starting import (
        hold_room as hold_room,
        record_room as record_room,
        show_room as show_room,
    )
    from recorder_core.jobs.record.state import (
        held_state as held_state,
        recorder_state as recorder_state,
    )
    from recorder_core.jobs.record.summary import (
        RecordingSummary as RecordingSummary,
    )
    from recorder_core.jobs.record.unattended import (
        UnattendedSettings as UnattendedSettings,
        wait_for_signal as wait_for_signal,
        wait_until_gone as wait_until_gone,
    )


#: no command needs all of them
__getattr__, __all__ = lazy_names(__name__, __file__)
