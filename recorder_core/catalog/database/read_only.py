"""Where a catalog can be read that its user cannot write, as on a read-only disk.

SQLite reads a database with a write-ahead log only where the log and its index (``-shm``) are there
or can be made. On a read-only disk without them a copy is read: of both files, since the newest
rows may be in the log alone.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Final

from recorder_core.errors import CatalogError

__all__ = ["readable_catalog"]

#: of the header, which version must be able to read it (https://www.sqlite.org/fileformat2.html)
_READ_VERSION: Final = 19
_WRITE_AHEAD: Final = 2


@contextmanager
def readable_catalog(path: Path) -> Iterator[Path]:
    """Yield where a catalog can be opened for reading: where it lies, or a copy of it.

    Parameters
    ----------
    path : Path
        The catalog; it is not changed.

    Yields
    ------
    Path
        The same path, or that of a copy in a folder of this user alone, which is removed at the
        end.

    Raises
    ------
    CatalogError
        If the copy cannot be made.
    """
    if not _needs_copy(path):
        yield path
        return
    with TemporaryDirectory(prefix="workbench-catalog-") as folder:
        copy = Path(folder) / path.name
        try:
            for suffix in ("", "-wal"):
                source = path.with_name(path.name + suffix)
                if source.exists():
                    shutil.copyfile(source, copy.with_name(copy.name + suffix))
        except OSError as error:
            raise CatalogError(
                f"the catalog {path} is on a disk that cannot be written, and cannot be copied to "
                f"{folder} to be read ({error.strerror}): free up space there, or set TMPDIR to a "
                "folder on another disk"
            ) from error
        yield copy


def _needs_copy(path: Path) -> bool:
    beside = (path.with_name(path.name + suffix) for suffix in ("-wal", "-shm"))
    if all(each.exists() for each in beside) or os.access(path.parent, os.W_OK):
        return False
    try:
        with path.open("rb") as file:
            header = file.read(_READ_VERSION + 1)
    except OSError:
        return False  # opening it says what is wrong
    return len(header) > _READ_VERSION and header[_READ_VERSION] == _WRITE_AHEAD
