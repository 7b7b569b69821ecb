"""Sealed files that no event refers to: what a crash leaves of an import."""

from __future__ import annotations

import fcntl
import os
from pathlib import Path

from recorder_core.archive import destroy_keys
from recorder_core.jobs.archive.archive import Archive
from recorder_core.jobs.archive.folders import EVENTS_NAME
from recorder_core.jobs.archive.importing import LOCK_NAME
from recorder_core.jobs.archive.roles import file_name

__all__ = ["find_leftovers", "remove_leftovers"]


def find_leftovers(archive: Archive, *, of_event: str | None = None) -> list[str]:
    """Return base paths, below a root, that the catalog does not know and nobody writes.

    Parameters
    ----------
    archive : Archive
        Open.
    of_event : str, optional
        Only of this event, whose lock the caller holds.
    """
    known = {
        file_name(row.file_id)
        for event in archive.catalog.events.find()
        for row in archive.catalog.contents.files(event.event_id)
    }
    found = {
        str((path.parent / path.stem).relative_to(root))
        for root in archive.folders.roots()
        for path in (root / EVENTS_NAME).glob(f"{of_event or '*'}/*")
        if path.suffix in {".sealed", ".key", ".tail"}
        if of_event or not _is_being_written(archive, path)
    }
    # an event that was entered while we looked is known now
    known |= {
        file_name(row.file_id)
        for name in found - known
        for row in archive.catalog.contents.files(name.split("/")[1])
    }
    return sorted(found - known)


def remove_leftovers(archive: Archive, *, of_event: str | None = None) -> list[str]:
    """Destroy and remove them on every root; return what was removed."""
    left = find_leftovers(archive, of_event=of_event)
    for name in left:
        destroy_keys(archive.folders.roots(), name)
        for root in archive.folders.roots():
            remove_streams(root, name)
    if of_event is None:
        _remove_abandoned_locks(archive)
    return left


def remove_streams(root: Path, name: str) -> None:
    """Remove the stream and tail of a file whose keys are destroyed, and an empty folder."""
    base = root / name
    for suffix in (".sealed", ".tail"):
        base.with_name(base.name + suffix).unlink(missing_ok=True)
    folder = base.parent
    if folder.is_dir() and not any(folder.iterdir()):
        folder.rmdir()


def _remove_abandoned_locks(archive: Archive) -> None:
    """Remove the locks, and then the empty folders, of processes that ended by force."""
    for lock in (archive.folders.primary / EVENTS_NAME).glob(f"*/{LOCK_NAME}"):
        if not _is_being_written(archive, lock) and not any(lock.parent.iterdir()):
            lock.parent.rmdir()


def _is_being_written(archive: Archive, path: Path) -> bool:
    lock = archive.folders.primary / EVENTS_NAME / path.parent.name / LOCK_NAME
    try:
        descriptor = os.open(lock, os.O_RDWR | os.O_CLOEXEC)
    except FileNotFoundError:
        return False
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    finally:
        os.close(descriptor)
    lock.unlink(missing_ok=True)
    return False
