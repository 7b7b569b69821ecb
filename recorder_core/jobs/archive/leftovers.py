"""Sealed files that no event refers to: what a crash leaves of a step."""

from __future__ import annotations

from pathlib import Path

from recorder_core.archive import destroy_keys
from recorder_core.errors import ArchiveError
from recorder_core.jobs.archive.archive import Archive
from recorder_core.jobs.archive.event_lock import (
    LOCK_NAME,
    is_being_written,
    remove_abandoned_lock,
)
from recorder_core.jobs.archive.folders import EVENTS_NAME
from recorder_core.jobs.archive.roles import file_name

__all__ = ["find_leftovers", "remove_leftovers", "remove_streams", "retire_file"]


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
        if of_event or not is_being_written(archive, path.parent.name)
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


def retire_file(archive: Archive, name: str) -> None:
    """Destroy a file that was replaced or deleted, on every root that can be written.

    What another root keeps is a left-over; the archive tells of it when it is closed.
    """
    for root in archive.folders.roots():
        try:
            destroy_keys([root], name)
            remove_streams(root, name)
        except (ArchiveError, OSError) as error:
            archive.mirror_faults += (
                f"what was replaced or deleted still lies on {root} ({error}); run 'workbench "
                "mirror repair' when it can be written",
            )


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
        remove_abandoned_lock(archive, lock.parent.name)
