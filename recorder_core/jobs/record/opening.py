"""The sources of a room, from what its file says."""

from __future__ import annotations

from recorder_core.capture.inputs import connect_input
from recorder_core.jobs.record.request import RoomSources
from recorder_core.jobs.record.room_config import RoomConfig

__all__ = ["open_sources"]


def open_sources(room: RoomConfig) -> RoomSources:
    """Return the sources of a room, not started yet."""
    frames = {}
    for name, settings in room.sources.items():
        found = connect_input(name, settings).frames
        if found is not None:
            frames[name] = found
    return RoomSources(frames)
