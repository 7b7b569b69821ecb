"""Who writes an event at this moment: a lock of the kernel, which ends with its process."""

from __future__ import annotations

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Final

from recorder_core.archive.identity import check_event_id
from recorder_core.errors import ArchiveError, WrongState
from recorder_core.jobs.archive.place.folders import EVENTS_NAME, Folders
from recorder_core.model.files.file_locks import disk_advice
from recorder_core.model.files.inner_files import EVENT_FOLDERS, make_inner_folder, open_inner
from recorder_core.model.values.phrase import phrase

__all__ = ["LOCK_NAME", "is_being_written", "lock_event", "remove_abandoned_lock"]

LOCK_NAME: Final = ".writing"


@contextmanager
def lock_event(folders: Folders, event_id: str, *, wait: bool = True) -> Iterator[None]:
    """Hold an event that is being written, so that nobody takes its files for left-overs.

    Parameters
    ----------
    folders : Folders
        Of an open archive.
    event_id : str
        Which event; it need not exist yet.
    wait : bool, default True
        Wait for another process that writes it; otherwise that is an error.

    Raises
    ------
    ArchiveError
        If the archive's folder cannot be written.
    WrongState
        If another process writes it, and `wait` is False.
    """
    lock = _lock_of(folders, event_id)
    try:
        descriptor = _hold(lock, wait=wait)
    except BlockingIOError:
        raise WrongState(
            phrase(
                "event_busy",
                "event {event} is being recorded or written at this moment; wait until that ends",
                event=event_id,
            )
        ) from None
    except OSError as error:
        raise ArchiveError(
            f"event {event_id} cannot be written in {folders.primary} "
            f"({error.strerror}); {disk_advice(error)}, and see 'workbench mirror verify'"
        ) from error
    try:
        yield
    finally:
        with suppress(OSError):  # a disk that is gone meanwhile; the lock ends all the same
            lock.unlink()
        os.close(descriptor)
        _remove_if_empty(lock.parent)


def is_being_written(folders: Folders, event_id: str) -> bool:
    """Return whether a process holds an event now."""
    try:
        descriptor = open_inner(_lock_of(folders, event_id), folders=EVENT_FOLDERS)
    except OSError:
        return False
    try:
        # shared: two that only look do not take each other for a writer
        fcntl.flock(descriptor, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    finally:
        os.close(descriptor)
    return False


def remove_abandoned_lock(folders: Folders, event_id: str) -> None:
    """Remove the lock of a process that ended by force, and the folder if nothing is in it."""
    lock = _lock_of(folders, event_id)
    try:
        descriptor = open_inner(lock, folders=EVENT_FOLDERS)
    except OSError:
        return
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return
    else:
        # while it is held: who opened it before us finds out that it is gone, and makes another
        if _is_file(lock, descriptor):
            lock.unlink(missing_ok=True)
    finally:
        os.close(descriptor)
    _remove_if_empty(lock.parent)


def _lock_of(folders: Folders, event_id: str) -> Path:
    check_event_id(event_id)  # it becomes the name of a folder
    return folders.primary / EVENTS_NAME / event_id / LOCK_NAME


def _hold(lock: Path, *, wait: bool) -> int:
    """Make and lock a file; again, if a clean-up took it for an abandoned one meanwhile."""
    mode = fcntl.LOCK_EX if wait else fcntl.LOCK_EX | fcntl.LOCK_NB
    while True:
        make_inner_folder(lock.parent, folders=EVENT_FOLDERS - 1)
        try:
            descriptor = open_inner(lock, os.O_RDONLY | os.O_CREAT, folders=EVENT_FOLDERS)
        except FileNotFoundError:
            continue  # the folder was removed between the two steps
        try:
            fcntl.flock(descriptor, mode)
        except BaseException:
            os.close(descriptor)
            raise
        if _is_file(lock, descriptor):
            return descriptor
        os.close(descriptor)


def _is_file(path: Path, descriptor: int) -> bool:
    try:
        return path.stat().st_ino == os.fstat(descriptor).st_ino
    except FileNotFoundError:
        return False


def _remove_if_empty(folder: Path) -> None:
    with suppress(OSError):  # something is in it, or it is gone already
        folder.rmdir()
