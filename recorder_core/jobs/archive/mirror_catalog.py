"""The mirror's copy of the catalog."""

from __future__ import annotations

from recorder_core.archive.durable import locked
from recorder_core.catalog import Catalog
from recorder_core.errors import CatalogError
from recorder_core.jobs.archive.folders import CATALOG_NAME, INFO_NAME, Folders

__all__ = ["copy_catalog"]


def copy_catalog(folders: Folders, catalog: Catalog) -> tuple[str, ...]:
    """Write the catalog to the mirror, where that is there; processes take turns.

    Returns
    -------
    tuple of str
        What is wrong with a mirror that cannot be written: what was done is stored in the
        archive's folder all the same.
    """
    faults = []
    for root in folders.roots()[1:]:
        try:
            with locked(root / INFO_NAME):
                catalog.copy_to(root / CATALOG_NAME)
        except (OSError, CatalogError) as error:
            cause = error.__cause__ or error
            faults.append(
                f"the mirror's copy of the catalog in {root} is older than the archive's "
                f"({cause}); check that disk, then run 'workbench mirror repair'"
            )
    return tuple(faults)
