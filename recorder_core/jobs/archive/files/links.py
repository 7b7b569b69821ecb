"""Links in the folders of an archive: somebody with the disks put them there.

None is ever followed; see :mod:`recorder_core.model.files.inner_files`. They are named, and
repair sets them aside, so that the good copy can take their place.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from recorder_core.archive.disk.durable import sync_path
from recorder_core.catalog import catalog_link
from recorder_core.jobs.archive.access.session import Session
from recorder_core.jobs.archive.place.folders import ARCHIVE_NAMES, CATALOG_NAME, EVENTS_NAME
from recorder_core.jobs.archive.place.set_aside import SET_ASIDE_NAME, set_aside
from recorder_core.model.files.inner_files import (
    create_inner,
    inner_fault,
    inner_folders,
    open_inner,
)

__all__ = ["FoundLink", "find_links", "set_link_aside"]

#: files of an event that must have one name, because deleting them must leave none
_ONE_NAME: Final = (".key", ".sealed", ".tail", ".new")
_CHUNK_BYTES: Final = 1 << 20


@dataclass(frozen=True, slots=True)
class FoundLink:
    """A link, or another thing that is no file or folder of the archive's own.

    Attributes
    ----------
    root : Path
        On which folder of the archive.
    name : str
        Path below it.
    fault : str
        What is wrong with it.
    """

    root: Path
    name: str
    fault: str

    @property
    def path(self) -> Path:
        """Where it is."""
        return self.root / self.name

    def __str__(self) -> str:
        return f"{self.path}: {self.fault}"


def find_links(session: Session, *, of_event: str | None = None) -> list[FoundLink]:
    """Return every link below the folders of an archive, or below those of one event."""
    found = []
    for root in session.folders.roots():
        for path in _event_paths(root, of_event) if of_event else _paths(root):
            fault = _fault(path)
            if fault is not None:
                found.append(FoundLink(root, str(path.relative_to(root)), fault))
    return found


def set_link_aside(session: Session, link: FoundLink) -> str:
    """Move a link itself away and say where it is; what it leads to is not touched.

    A file with a second name becomes one of its own, with the same content.
    """
    if inner_fault(link.path) is None:
        partial = link.path.with_name(f"{link.path.name}.partial")
        partial.unlink(missing_ok=True)
        with (
            os.fdopen(open_inner(link.path), "rb") as shared,
            os.fdopen(create_inner(partial), "wb") as own,
        ):
            shutil.copyfileobj(shared, own, _CHUNK_BYTES)
            own.flush()
            os.fsync(own.fileno())
        partial.replace(link.path)
        sync_path(link.path.parent)
        return f"on {link.path}: {link.fault}; it is a file of its own now"
    folder = set_aside(link.root, [link.name], "link", session.clock)
    return f"on {link.path}: {link.fault}; it was set aside in {folder}"


def _paths(root: Path) -> Iterator[Path]:
    """Yield what the archive may have put on a root, in the order in which it is set aside."""
    events = root / EVENTS_NAME
    yield from (root / name for name in sorted({*ARCHIVE_NAMES, SET_ASIDE_NAME}))
    if events.is_dir() and not events.is_symlink():
        for folder in sorted(events.iterdir()):
            yield from _event_paths(root, folder.name)


def _event_paths(root: Path, event_id: str) -> Iterator[Path]:
    folder = root / EVENTS_NAME / event_id
    yield folder
    if folder in inner_folders(root, EVENTS_NAME):
        yield from sorted(folder.iterdir())


def _fault(path: Path) -> str | None:
    if path.name.startswith(CATALOG_NAME):
        # the copy before has, for a moment, two names
        return catalog_link(path.parent / CATALOG_NAME) if path.name == CATALOG_NAME else None
    if path.is_dir() and not path.is_symlink():
        return None
    writing = path.suffix in _ONE_NAME
    return inner_fault(path, writing=writing) if os.path.lexists(path) else None
