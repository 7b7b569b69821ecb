"""Open an archive's catalog so that a full disk does not keep anybody out."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from datetime import datetime

from recorder_core.archive import fill_reserve, keep_room
from recorder_core.catalog import Catalog
from recorder_core.catalog.codes import utc_now
from recorder_core.jobs.archive.folders import CATALOG_NAME, Folders

__all__ = ["fill_reserves", "open_catalog"]


def open_catalog(folders: Folders, clock: Callable[[], datetime] = utc_now) -> Catalog:
    """Open the catalog of an archive; the reserve of each root gives its writes room.

    Raises
    ------
    CatalogError
        If it cannot be opened.
    """
    anchors = folders.anchors()

    def make_room() -> None:
        for anchor in anchors:
            keep_room(anchor.parent)

    fill_reserves(folders)
    make_room()
    return Catalog(
        folders.primary / CATALOG_NAME,
        anchors=anchors,
        clock=clock,
        make_room=make_room,
    )


def fill_reserves(folders: Folders) -> None:
    """Fill up what small writes took of each root's reserve, where there is room again."""
    for root in folders.roots():
        # a root that cannot be written says so when something is written to it
        with suppress(OSError):
            fill_reserve(root)
