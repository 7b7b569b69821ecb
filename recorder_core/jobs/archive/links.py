"""Links in the folders of an archive: somebody with the disks put them there.

None is ever followed; see :mod:`recorder_core.model.inner_files`. They are named, and repair sets
them aside, so that the good copy can take their place.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from recorder_core.catalog import catalog_link
from recorder_core.jobs.archive.archive import Archive
from recorder_core.jobs.archive.folders import ARCHIVE_NAMES, CATALOG_NAME, EVENTS_NAME
from recorder_core.jobs.archive.set_aside import SET_ASIDE_NAME, set_aside
from recorder_core.model.inner_files import inner_fault, inner_folders

__all__ = ["FoundLink", "find_links", "set_link_aside"]


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


def find_links(archive: Archive, *, of_event: str | None = None) -> list[FoundLink]:
    """Return every link below the folders of an archive, or below those of one event."""
    found = []
    for root in archive.folders.roots():
        for path in _event_paths(root, of_event) if of_event else _paths(root):
            fault = _fault(path)
            if fault is not None:
                found.append(FoundLink(root, str(path.relative_to(root)), fault))
    return found


def set_link_aside(archive: Archive, link: FoundLink) -> str:
    """Move a link itself away and say where it is; what it leads to is not touched."""
    folder = set_aside(link.root, [link.name], "link", archive.clock)
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
    return inner_fault(path) if os.path.lexists(path) else None
