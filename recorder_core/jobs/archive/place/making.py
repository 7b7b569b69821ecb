"""Make the folder of an archive or of a mirror; one that was cut off is made anew."""

from __future__ import annotations

import fcntl
import os
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path

from recorder_core.archive.disk.durable import (
    FOLDER_MODE,
    keeps_no_permissions,
    replace_file,
    sync_path,
)
from recorder_core.errors import ArchiveError, FolderInUse
from recorder_core.jobs.archive.place.folders import (
    EVENTS_NAME,
    MADE_NAMES,
    UNFINISHED_NAME,
    ArchiveInfo,
    refuse_backup,
    write_info,
)

__all__ = ["being_made", "finish_root", "held_folder", "make_root", "refuse_used"]


def refuse_used(folder: Path) -> None:
    """Raise unless a folder is empty, not there, or left by a set-up that was cut off.

    Raises
    ------
    FolderInUse
        If something else is in it.
    ArchiveError
        If it cannot be read.
    """
    try:
        names = {path.name for path in folder.iterdir()} if folder.exists() else set()
        names = {name for name in names if not _is_of_mark(name)}
        if UNFINISHED_NAME in names and not _has_events(folder):
            names = {name for name in names if not _is_of_set_up(name)}
    except OSError as error:
        raise ArchiveError(f"{folder} cannot be used ({error.strerror})") from error
    if names:
        raise FolderInUse(f"the folder {folder} is not empty: choose an empty one")


@contextmanager
def being_made(*folders: Path) -> Iterator[None]:
    """Keep other commands from making an archive or a mirror of these folders meanwhile.

    A folder that is made for this and is still empty at the end is removed.

    Raises
    ------
    FolderInUse
        If another command is at it.
    ArchiveError
        If a folder cannot be made.
    """
    with ExitStack() as held:
        for folder in folders:
            was_there = folder.exists()
            try:
                folder.mkdir(mode=FOLDER_MODE, parents=True, exist_ok=True)
                if not was_there:
                    held.callback(_remove_empty, folder)
                held.enter_context(held_folder(folder, "making an archive or a mirror"))
            except OSError as error:
                raise _cannot_be_made(folder, error) from error
        yield


@contextmanager
def held_folder(folder: Path, work: str) -> Iterator[None]:
    """Keep other commands from writing to a folder as a whole meanwhile.

    Parameters
    ----------
    folder : Path
        That is there.
    work : str
        What is done, for the sentence that the other command gets.

    Raises
    ------
    FolderInUse
        If another command is at it.
    OSError
        If it cannot be opened.
    """
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        _lock(descriptor, folder, work)
        yield
    finally:
        os.close(descriptor)


def _lock(descriptor: int, folder: Path, work: str) -> None:
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        raise FolderInUse(
            f"another command is {work} in {folder}: wait until it has ended, or choose another "
            "folder"
        ) from None


def _remove_empty(folder: Path) -> None:
    with suppress(OSError):
        folder.rmdir()


def _cannot_be_made(folder: Path, error: OSError) -> ArchiveError:
    return ArchiveError(
        f"no archive can be made in {folder} ({error.strerror}); choose another folder"
    )


def make_root(folder: Path, info: ArchiveInfo, *, begun: str = "") -> None:
    """Make the folder of an archive or of a mirror; `finish_root` says that all is there.

    What a set-up that was cut off left is made anew.

    Parameters
    ----------
    folder : Path
        Empty but for that, and kept for this by `being_made`.
    info : ArchiveInfo
        Its settings.
    begun : str, default ""
        The command that finishes it if it is cut off; "" for those that make an archive or a
        mirror.

    Raises
    ------
    FolderInUse
        If it holds something already.
    ArchiveError
        If it cannot be written.
    """
    refuse_backup(folder)
    refuse_used(folder)
    try:
        _make_private(folder)
        replace_file(folder / UNFINISHED_NAME, begun.encode())
        for path in folder.iterdir():
            if path.is_file() and path.name != UNFINISHED_NAME:
                path.unlink()
        (folder / EVENTS_NAME).mkdir(mode=FOLDER_MODE, exist_ok=True)
        write_info(folder, info)
    except OSError as error:
        raise _cannot_be_made(folder, error) from error


def _make_private(folder: Path) -> None:
    """Restrict a folder to its owner."""
    try:
        folder.chmod(FOLDER_MODE)
    except OSError as error:
        if not keeps_no_permissions(error):
            raise
        raise ArchiveError(
            f"no archive can be made in {folder}: this user cannot set its permissions, as on a "
            "file system that keeps none (exFAT, SMB), and an archive is its owner's alone; choose "
            "a folder of your own on another disk"
        ) from error


def finish_root(folder: Path) -> None:
    """Mark the folder of an archive or of a mirror as whole; it is refused before."""
    (folder / UNFINISHED_NAME).unlink(missing_ok=True)
    sync_path(folder)


def _is_of_mark(name: str) -> bool:
    """Return whether a file was to become the mark of a set-up, which comes first."""
    return name.startswith(f"{UNFINISHED_NAME}.") and name.endswith(".new")


def _is_of_set_up(name: str) -> bool:
    return name in MADE_NAMES or name == EVENTS_NAME or name.endswith(".new")


def _has_events(folder: Path) -> bool:
    events = folder / EVENTS_NAME
    return events.is_dir() and any(events.iterdir())
