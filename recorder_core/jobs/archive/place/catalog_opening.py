"""Open an archive's catalog: a full disk keeps nobody out, and the other folder's copy follows."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from datetime import datetime
from functools import partial
from pathlib import Path

from recorder_core.archive import fill_reserve, keep_space
from recorder_core.catalog import Catalog
from recorder_core.catalog.model.codes import utc_now
from recorder_core.jobs.archive.place.folders import ANCHOR_NAME, CATALOG_NAME, INFO_NAME, Folders
from recorder_core.jobs.archive.place.replication import Replicator

__all__ = ["fill_reserves", "followed_catalog", "free_reserves", "open_catalog"]


def open_catalog(folders: Folders, clock: Callable[[], datetime] = utc_now) -> Catalog:
    """Open the catalog of an archive; the reserve of each root gives its writes room.

    Raises
    ------
    CatalogError
        If it cannot be opened.
    """
    roots = folders.roots()
    fill_reserves(roots)
    free_reserves(roots)
    return Catalog(
        folders.primary / CATALOG_NAME,
        anchors=[folders.primary / ANCHOR_NAME],
        followers=[root / ANCHOR_NAME for root in roots[1:]],
        clock=clock,
        free_space=partial(free_reserves, roots),
    )


@contextmanager
def followed_catalog(
    folders: Folders, clock: Callable[[], datetime] = utc_now
) -> Iterator[Catalog]:
    """Yield the open catalog of an archive; the other folder's copy follows it.

    Raises
    ------
    CatalogError
        If it cannot be opened.
    """
    with open_catalog(folders, clock) as catalog:
        replicator = Replicator(folders, catalog)
        try:
            yield catalog
        finally:
            replicator.close()


def fill_reserves(roots: Sequence[Path]) -> None:
    """Fill up what small writes took of each root's reserve, where there is space again."""
    for root in roots:
        # a root that cannot be written says so when something is written to it
        with suppress(OSError):
            fill_reserve(root, beside=INFO_NAME)


def free_reserves(roots: Sequence[Path]) -> None:
    """Free each root's reserve for small writes where its disk has too little space of its own.

    Opening a catalog is one: to read it, too, SQLite makes files beside it.
    """
    for root in roots:
        keep_space(root)
