"""A file of corrections, as the editor of a notebook reads and saves it."""

from __future__ import annotations

import zlib
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import recorder_core as rc
from recorder_core.errors import EditConflict
from recorder_core.jobs.archive import SavedCorrections
from recorder_core.model import Correction, group_corrections
from recorder_core.tables import TableMetadata, write_corrections
from workbench.widgets import EditedCorrections

__all__ = ["CorrectionsFile"]


class CorrectionsFile:
    """A table of corrections that several editors may have open.

    Parameters
    ----------
    path : Path
        Of the table.
    owner : str
        SHA-256 of the video that it is about.
    """

    def __init__(self, path: Path, owner: str) -> None:
        self._path, self._owner = path, owner

    def read(self) -> tuple[list[Correction], int]:
        """Return the corrections, and the version of the file."""
        if not self._path.exists():
            return [], 0
        version = zlib.crc32(self._path.read_bytes())
        return group_corrections(rc.read_corrections(self._path)), version

    def save(self, edited: EditedCorrections) -> SavedCorrections:
        """Write what was changed, under numbers that rise.

        Raises
        ------
        EditConflict
            If the file was changed meanwhile.
        """
        present, version = self.read()
        if edited.seen != version:
            raise EditConflict(
                f"{self._path.name} was changed meanwhile: nothing of yours was entered; read it "
                "again, then save"
            )
        gone = {*edited.withdrawn, *(each.correction_id for each in edited.stored)}
        kept = [each for each in present if each.correction_id not in gone]
        ids = _numbers(present, edited.stored)
        rows = [row for each in kept for row in each.rows()]
        for each in edited.stored:
            rows += [replace(row, correction_id=ids[each.correction_id]) for row in each.rows()]
        kept_metadata = rc.read_metadata(self._path) if self._path.exists() else None
        write_corrections(self._path, rows, kept_metadata or TableMetadata(self._owner))
        return SavedCorrections(ids, self.read()[1])


def _numbers(present: Sequence[Correction], stored: Sequence[Correction]) -> dict[str, str]:
    """Return under which number each correction is kept: its own, or the next one."""
    known = [each.correction_id for each in present]
    last = max((int(each) for each in known if each.isdecimal()), default=0)
    new = [each.correction_id for each in stored if each.correction_id not in known]
    numbered = {key: str(last + place) for place, key in enumerate(new, 1)}
    return {key: numbered.get(key, key) for key in (each.correction_id for each in stored)}
