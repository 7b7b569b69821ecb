"""The mirror's copy of the catalog."""

from __future__ import annotations

from recorder_core.archive.durable import locked
from recorder_core.catalog import Catalog
from recorder_core.errors import CatalogError
from recorder_core.jobs.archive.folders import CATALOG_NAME, INFO_NAME, Folders

__all__ = ["copy_catalog"]


def copy_catalog(folders: Folders, catalog: Catalog) -> None:
    """Write the catalog to the mirror, where that is there; processes take turns.

    Raises
    ------
    CatalogError
        If the mirror is there and cannot be written.
    """
    for root in folders.roots()[1:]:
        try:
            with locked(root / INFO_NAME):
                catalog.copy_to(root / CATALOG_NAME)
        except OSError as error:
            raise CatalogError(
                f"the mirror's copy of the catalog in {root} cannot be written "
                f"({error.strerror}); check that disk, then run 'workbench mirror repair'"
            ) from error
