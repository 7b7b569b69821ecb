"""The other folder's catalog follows the one in use, within a second, while work goes on.

A thread copies after each commit. It takes no lock that a recording waits for, and a disk that
is full, read-only or gone is remembered and tried again, never an error of the job.
"""

from __future__ import annotations

import os
import threading
from contextlib import suppress
from pathlib import Path
from typing import Final

from recorder_core.archive import check_signature
from recorder_core.archive.disk.durable import locked
from recorder_core.catalog import Catalog, copy_catalog, mend_rows
from recorder_core.catalog.audit.anchors import write_anchor
from recorder_core.errors import ArchiveError, CatalogBusy, CatalogError, RecorderError
from recorder_core.jobs.archive.place.catalog_lock import hold_catalog, replacing_catalog
from recorder_core.jobs.archive.place.folders import ANCHOR_NAME, CATALOG_NAME, INFO_NAME, Folders
from recorder_core.model.files.file_locks import disk_advice
from recorder_core.model.values.counts import format_count
from recorder_core.model.values.phrase import phrase

__all__ = ["Replicator"]

#: commits of one step come together; they are copied at once
GATHER_SECONDS: Final = 0.2
#: after a fault: from the first to the last pause
RETRY_SECONDS: Final = (1.0, 30.0)
#: a disk that does not answer does not keep a command from ending
CLOSE_SECONDS: Final = 10.0


class Replicator:
    """Keeps the other folder's catalog, and its audit anchor, as the one in use is.

    Parameters
    ----------
    folders : Folders
        Of the archive; `folders` may be set anew when the mirror changes.
    catalog : Catalog
        Open; must be closed after the replicator.

    Raises
    ------
    ArchiveError
        If the folder in use cannot be written.
    """

    def __init__(self, folders: Folders, catalog: Catalog) -> None:
        self.folders = folders
        self._catalog = catalog
        self._faults: dict[Path, str] = {}
        self._copying = threading.Lock()
        self._changed, self._stopped = threading.Event(), threading.Event()
        try:
            self._held = hold_catalog(folders.primary)
        except OSError as error:
            raise ArchiveError(
                f"the archive's folder {folders.primary} cannot be written ({error.strerror}); "
                f"{disk_advice(error)}"
            ) from error
        self._thread = threading.Thread(target=self._run, name="catalog replica", daemon=True)
        self._thread.start()
        catalog.tell_commits(self._changed.set)
        self._changed.set()

    @property
    def faults(self) -> tuple[str, ...]:
        """Why a folder's copy of the catalog is behind; empty if none is."""
        return tuple(self._faults.values())

    def copy(self) -> tuple[str, ...]:
        """Copy the catalog now, and return why a folder's copy is behind."""
        with self._copying:
            self._changed.clear()
            if self.folders.mirror_fault():
                self._changed.set()  # it may come back
            for root in self.folders.roots()[1:]:
                self._try(root)
        return self.faults

    def close(self) -> None:
        """Copy what was not copied yet, and stop."""
        self._stopped.set()
        self._thread.join(CLOSE_SECONDS)
        if self._thread.is_alive():
            for root in self.folders.roots()[1:]:
                self._faults[root] = f"the disk of {root} does not respond; check it"
        os.close(self._held)

    def _run(self) -> None:
        pause = RETRY_SECONDS[0]
        while not self._stopped.wait(GATHER_SECONDS):
            if not self._changed.is_set():
                continue
            self.copy()
            if not self._changed.is_set():
                pause = RETRY_SECONDS[0]
            elif self._faults or self.folders.mirror_fault():
                self._stopped.wait(pause)
                pause = min(2 * pause, RETRY_SECONDS[1])
        if self._changed.is_set():
            self.copy()

    def _try(self, root: Path) -> None:
        try:
            mended = self._copy_to(root)
        except (OSError, RecorderError, MemoryError) as error:
            # what this thread did not expect would end it, and no later row would be copied
            reason = _reason(error)
            self._faults[root] = phrase(
                "catalog_behind",
                "the copy of the catalog in {disk} is older than that in {folder} ({reason}); "
                "check that disk, then run 'workbench mirror repair'",
                disk=root,
                folder=self.folders.primary,
                reason=reason,
            )
            self._changed.set()
        else:
            self._faults.pop(root, None)
            if mended:
                self._faults[root] = phrase(
                    "catalog_wrong",
                    "the catalog in {folder} is not what the log states in {rows} ({which}), the "
                    "copy in {disk} is right; run 'workbench mirror repair'",
                    folder=self.folders.primary,
                    rows=format_count(len(mended), "row"),
                    which=", ".join(mended[:3]),
                    disk=root,
                )

    def _copy_to(self, root: Path) -> tuple[str, ...]:
        """Copy, and return the rows that are wrong here and right in the copy that was there."""
        mended: list[str] = []

        def mend(copy: Path, present: Path) -> None:
            # of a damaged copy nothing is taken; it is replaced
            with suppress(CatalogError):
                mended.extend(mend_rows(copy, present, check_signature))

        with locked(root / INFO_NAME), replacing_catalog(root):
            target = root / CATALOG_NAME
            head = copy_catalog(self._catalog.path, target, mend=mend, beside=INFO_NAME)
            if head is None:
                raise CatalogBusy(
                    "what is there is not a catalog, or has rows that this one lacks; nothing was "
                    "replaced"
                )
            write_anchor(root / ANCHOR_NAME, head, beside=INFO_NAME, renew_damaged=True)
        return tuple(mended)


def _reason(error: Exception) -> str:
    """Return why a copy failed, in words; some of this program's errors are the system's too."""
    if isinstance(error, MemoryError):
        return "there was not enough memory"
    if isinstance(error, OSError) and not isinstance(error, RecorderError):
        return error.strerror or type(error).__name__
    return str(error)
