"""Who uses the catalog of a folder: a copy never takes the place of one that is open.

A process that works on a folder's catalog holds its lock with others; one that puts a copy there
holds it alone.
"""

from __future__ import annotations

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from recorder_core.errors import CatalogBusy
from recorder_core.jobs.archive.place.places import INFO_NAME
from recorder_core.model.files.inner_files import open_inner

__all__ = ["hold_catalog", "replacing_catalog"]

_LOCK_NAME: Final = "catalog.lock"


def hold_catalog(root: Path) -> int:
    """Hold the catalog of a root with others; close the descriptor to let go.

    Raises
    ------
    OSError
        If the folder cannot be written.
    """
    descriptor = _open(root)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_SH)
    except OSError:
        os.close(descriptor)
        raise
    return descriptor


@contextmanager
def replacing_catalog(root: Path) -> Iterator[None]:
    """Hold the catalog of a root alone.

    Raises
    ------
    CatalogBusy
        If a process works on it.
    OSError
        If the folder cannot be written.
    """
    descriptor = _open(root)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        yield
    except BlockingIOError:
        raise CatalogBusy(
            f"the catalog in {root} is open in another process, so no copy can take its place; "
            "close it there, then try again"
        ) from None
    finally:
        os.close(descriptor)


def _open(root: Path) -> int:
    return open_inner(root / _LOCK_NAME, os.O_RDONLY | os.O_CREAT, beside=INFO_NAME)
