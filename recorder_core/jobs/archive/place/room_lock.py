"""Which rooms are recorded at this moment: locks of the kernel, which end with their process."""

from __future__ import annotations

import fcntl
import hashlib
import os
import time
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Final

from recorder_core.errors import ArchiveError, RoomInUse
from recorder_core.jobs.archive.place.folders import Folders
from recorder_core.jobs.archive.place.places import INFO_NAME
from recorder_core.model.files.file_locks import disk_advice
from recorder_core.model.files.inner_files import make_inner_folder, open_inner

__all__ = ["lock_room"]

_ROOMS_NAME: Final = "rooms"
_POLL_SECONDS: Final = 0.1


@contextmanager
def lock_room(
    folders: Folders,
    parts: Mapping[str, str],
    *,
    wait_seconds: float = 0.0,
    advice: str = "end that one first",
) -> Iterator[None]:
    """Hold what one recorder at a time uses of a room.

    Parameters
    ----------
    folders : Folders
        Of an open archive.
    parts : mapping of str
        What is held, such as the path of a device, by what people call it. No file has it as its
        name.
    wait_seconds : float
        How long to wait for another recorder that ends.
    advice : str
        What to do where another one holds it.

    Raises
    ------
    ArchiveError
        If the archive's folder cannot be written.
    RoomInUse
        If another recorder holds one of them.
    """
    place, until = folders.primary / _ROOMS_NAME, time.monotonic() + wait_seconds
    with ExitStack() as held:
        for called, part in parts.items():
            try:
                held.callback(os.close, _hold(place, part, until))
            except BlockingIOError:
                raise RoomInUse(
                    f"{called} is in use by another recorder of this archive: {advice}"
                ) from None
            except OSError as error:
                raise ArchiveError(
                    f"{place} cannot be written ({error.strerror}); {disk_advice(error)}"
                ) from error
        yield


def _hold(place: Path, part: str, until: float) -> int:
    """Lock the file of a part, which is empty and stays; try until a time of `time.monotonic`."""
    make_inner_folder(place, beside=INFO_NAME)
    name = hashlib.sha256(part.encode()).hexdigest()
    descriptor = open_inner(place / name, os.O_RDONLY | os.O_CREAT, folders=1)
    while True:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            if not isinstance(error, BlockingIOError) or time.monotonic() >= until:
                os.close(descriptor)
                raise
            time.sleep(_POLL_SECONDS)
        else:
            return descriptor
