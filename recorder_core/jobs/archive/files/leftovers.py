"""Sealed files that the catalog does not know: left by a crash, or newer than the catalog.

None is ever destroyed: it may be the only copy of a recording.
"""

from __future__ import annotations

from contextlib import suppress
from pathlib import Path

from recorder_core.archive import SealedPaths, destroy_keys
from recorder_core.errors import ArchiveError
from recorder_core.jobs.archive.access.session import Session
from recorder_core.jobs.archive.place.event_lock import (
    LOCK_NAME,
    is_being_written,
    remove_abandoned_lock,
)
from recorder_core.jobs.archive.place.folders import EVENTS_NAME
from recorder_core.jobs.archive.place.roles import file_name
from recorder_core.jobs.archive.place.set_aside import set_aside
from recorder_core.model.files.inner_files import (
    EVENT_FOLDERS,
    folder_fault,
    inner_folders,
    remove_inner,
)

__all__ = [
    "find_leftovers",
    "remove_abandoned_locks",
    "remove_streams",
    "retire_file",
    "set_file_aside",
    "set_leftovers_aside",
]


def find_leftovers(session: Session, *, of_event: str | None = None) -> list[str]:
    """Return base paths, below a root, that the catalog does not know and nobody writes.

    Parameters
    ----------
    session : Session
        Of the open archive.
    of_event : str, optional
        Only of this event, whose lock the caller holds.
    """
    known = {
        file_name(row.file_id)
        for event in session.catalog.events.find()
        for row in session.catalog.contents.files(event.event_id)
    }
    found = {
        str((path.parent / path.stem).relative_to(root))
        for root in session.folders.roots()
        for folder in inner_folders(root, EVENTS_NAME)
        if of_event in (None, folder.name)
        for path in folder.iterdir()
        if path.suffix in {".sealed", ".key", ".tail"}
        if of_event or not is_being_written(session.folders, path.parent.name)
    }
    # an event that was entered while we looked is known now
    known |= {
        file_name(row.file_id)
        for name in found - known
        for row in session.catalog.contents.files(name.split("/")[1])
    }
    return sorted(found - known)


def set_leftovers_aside(session: Session, *, of_event: str) -> None:
    """Move what a cut-off step left of an event out of the way of the next; destroy nothing.

    Parameters
    ----------
    session : Session
        Of the open archive.
    of_event : str
        Whose lock the caller holds.
    """
    for name in find_leftovers(session, of_event=of_event):
        set_file_aside(session, name)


def set_file_aside(session: Session, name: str) -> list[Path]:
    """Move a sealed file aside on every root that has something of it; return where it is.

    Parameters
    ----------
    session : Session
        Of the open archive.
    name : str
        Base path below each root.
    """
    moved = []
    for root in session.folders.roots():
        base = root / name
        # the half-written key file of a step that was cut off, too
        is_inside = folder_fault(base, EVENT_FOLDERS) is None
        paths = sorted(base.parent.glob(f"{base.name}.*")) if is_inside else []
        if paths:
            names = [str(path.relative_to(root)) for path in paths]
            moved.append(set_aside(root, names, "unknown-file", session.clock))
        _remove_if_empty((root / name).parent)
    return moved


def remove_abandoned_locks(session: Session) -> None:
    """Remove the locks, and then the empty folders, of processes that ended by force."""
    for folder in inner_folders(session.folders.primary, EVENTS_NAME):
        if (folder / LOCK_NAME).exists():
            remove_abandoned_lock(session.folders, folder.name)


def retire_file(session: Session, name: str) -> None:
    """Destroy a file that was replaced or deleted, on every root that can be written.

    What another root keeps is a left-over; the archive tells of it when it is closed.
    """
    for root in session.folders.roots():
        try:
            destroy_keys([root], name)
            remove_streams(root, name)
        except (ArchiveError, OSError) as error:
            session.mirror_faults += (
                f"what was replaced or deleted still lies on {root} ({error}); run 'workbench "
                "mirror repair' when it can be written",
            )


def remove_streams(root: Path, name: str) -> None:
    """Remove the stream and tail of a file whose keys are destroyed, and an empty folder.

    A link in the place of one of them is removed itself; what it leads to is not touched.
    """
    paths = SealedPaths.of(root / name)
    for path in (paths.stream, paths.tail):
        remove_inner(path, folders=EVENT_FOLDERS)
    folder = paths.stream.parent
    if folder.is_symlink():
        remove_inner(folder, folders=1)
    elif folder.is_dir() and not any(folder.iterdir()):
        folder.rmdir()


def _remove_if_empty(folder: Path) -> None:
    with suppress(OSError):  # something is in it, or it is gone
        folder.rmdir()
