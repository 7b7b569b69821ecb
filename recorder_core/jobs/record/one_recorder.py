"""One room has one recorder, whether a terminal, a page or a service began it."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

from recorder_core.jobs.archive import Folders
from recorder_core.jobs.archive.place.room_lock import lock_room
from recorder_core.jobs.record.request import RecordRequest
from recorder_core.jobs.record.room.config import RoomConfig

__all__ = ["as_only_recorder"]

_ROOM_ADVICE: Final = (
    "end that one first, or give this room's file another name if it is another room"
)


@contextmanager
def as_only_recorder(
    folders: Folders, request: RecordRequest, *, wait_seconds: float = 0.0
) -> Iterator[None]:
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
    name = request.room_name
    named = {f"the room {name}": f"room {name}"} if name else {}
    devices = {called: os.path.realpath(path) for called, path in _devices(request.room).items()}
    with (
        lock_room(folders, named, wait_seconds=wait_seconds, advice=_ROOM_ADVICE),
        lock_room(folders, devices, wait_seconds=wait_seconds),
    ):
        yield


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
