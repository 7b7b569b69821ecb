"""Whether a catalog, and what SQLite keeps beside it, are files of the archive's own."""

from __future__ import annotations

import stat
from pathlib import Path
from typing import Final

from recorder_core.errors import (
    CatalogDamaged,
)
from recorder_core.model.files.inner_files import inner_fault

__all__ = ["catalog_link", "file_identity", "refuse_links"]

#: what SQLite keeps beside a database
_BESIDE: Final = ("", "-wal", "-shm", "-journal")
#: names under which the copy before is kept, for a moment as a second name of the present one
_KEPT: Final = (".previous", ".linked")


def catalog_link(path: Path) -> str | None:
    """Return a sentence where a catalog, or what SQLite keeps beside it, is a link; else None."""
    for suffix in _BESIDE:
        beside = path.with_name(path.name + suffix)
        # the catalog itself may have a second name; beside it, SQLite would write into one
        fault = inner_fault(beside, writing=bool(suffix))
        if fault is not None and not _is_kept(beside):
            return f"{beside}: {fault}"
    return None


def refuse_links(path: Path) -> None:
    """Raise unless a catalog and what SQLite keeps beside it are files of the archive's own.

    Raises
    ------
    CatalogDamaged
        If one is a link, or has a name elsewhere.
    """
    fault = catalog_link(path)
    if fault is not None:
        raise CatalogDamaged(
            f"the catalog is not opened: {fault}; put the file itself in its place, or remove it "
            "and open the archive by its mirror"
        )


def _is_kept(path: Path) -> bool:
    """Return whether all names of a catalog are those that a replaced copy is kept under."""
    status = path.lstat()
    if not stat.S_ISREG(status.st_mode):
        return False
    names = [path, *(path.with_name(path.name + suffix) for suffix in _KEPT)]
    kept = [file_identity(name) for name in names if not name.is_symlink()]
    return status.st_nlink == kept.count((status.st_dev, status.st_ino))


def file_identity(path: Path) -> tuple[int, int] | None:
    """Return device and inode of a file; None where there is none."""
    try:
        status = path.stat()
    except FileNotFoundError:
        return None
    return status.st_dev, status.st_ino
