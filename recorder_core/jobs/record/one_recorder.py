"""One room has one recorder, whether a terminal, a page or a service began it."""

from __future__ import annotations

import os
from contextlib import AbstractContextManager

from recorder_core.jobs.archive import Folders
from recorder_core.jobs.archive.place.room_lock import lock_room
from recorder_core.jobs.record.request import RecordRequest
from recorder_core.jobs.record.room_config import RoomConfig

__all__ = ["as_only_recorder"]


def as_only_recorder(
    folders: Folders, request: RecordRequest, *, wait_seconds: float = 0.0
) -> AbstractContextManager[None]:
    """Keep a room, and the devices that one process can open, from other recorders of the archive.

    Parameters
    ----------
    folders : Folders
        Of an open archive.
    request : RecordRequest
        What is recorded, or waited for.
    wait_seconds : float
        How long to wait for another one that ends.

    Raises
    ------
    RoomInUse
        If another one has the room, or one of its devices.
    ArchiveError
        If the archive's folder cannot be written.
    """
    parts = {called: os.path.realpath(path) for called, path in _devices(request.room).items()}
    if request.room_name:
        parts = {f"the room {request.room_name}": f"room {request.room_name}"} | parts
    return lock_room(folders, parts, wait_seconds=wait_seconds)


def _devices(room: RoomConfig) -> dict[str, str]:
    """Return the paths of devices that only one process can open, by what they are."""
    found = {
        f"the source {name}": source.address
        for name, source in room.sources.items()
        if source.kind == "v4l2"
    }
    if room.bis is not None:
        found["the BIS monitor"] = room.bis.port
    for number, switch in enumerate(room.switches, start=1):
        if switch.kind == "serial" or switch.address.startswith("/"):
            found[f"foot switch {number}"] = switch.address
    return found
