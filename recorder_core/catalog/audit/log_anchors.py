"""The anchors of one audit log: compared with it before each row, moved after it."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from recorder_core.catalog.audit.anchors import AuditHead, replace_anchor, write_anchor
from recorder_core.catalog.audit.verifying import read_leniently, read_or_fault
from recorder_core.catalog.database.connection import Database
from recorder_core.errors import AnchorDamaged, AuditError

__all__ = ["LogAnchors"]


class LogAnchors:
    """Files outside the database that remember where the log ended.

    Parameters
    ----------
    database : Database
        Holds the log.
    own : sequence of Path
        Written with every row.
    followers : sequence of Path
        On other disks; compared, and written by whoever makes the copy of the catalog there.

    Raises
    ------
    AuditError
        If there is none to write.
    """

    def __init__(
        self, database: Database, own: Sequence[Path], followers: Sequence[Path] = ()
    ) -> None:
        if not own:
            raise AuditError("the audit log needs at least one anchor file outside the database")
        self._database = database
        self._own = tuple(own)
        self._all = (*own, *followers)
        self._renewed: list[str] = []
        #: those that could not be written, with the reason, and those that were damaged
        self.faults: tuple[str, ...] = ()

    def heads(self) -> list[AuditHead | None]:
        """Return what each remembers; None where it is missing or damaged."""
        return [read_leniently(path) for path in self._all]

    def read(self) -> dict[Path, AuditHead | AuditError]:
        """Return what each remembers, or why it remembers nothing."""
        return {path: read_or_fault(path) for path in self._all}

    def check(self, head: AuditHead) -> None:
        """Refuse to write after a log that is shorter than, or other than, anchored.

        Raises
        ------
        AuditError
            If so, or if every anchor is missing or damaged.
        """
        anchors = self.heads()
        if all(anchor is None for anchor in anchors):
            raise AuditError(
                "every anchor of the audit log is missing or damaged, so nothing is done; put "
                "it back, or have an administrator accept the break"
            )
        for anchor in anchors:
            if anchor is not None and not self._holds(anchor):
                raise AuditError(
                    f"the audit log ends at row {head.seq} but its anchor names another row "
                    f"{anchor.seq}: rows are missing or changed, so nothing is done; restore the "
                    "catalog, or have an administrator accept the break"
                )

    def write(self, head: AuditHead) -> None:
        """Move this archive's anchors to a new head; AuditError if none can be written.

        A damaged one is written anew while another agrees with the log, and told of.
        """
        failed = self._move(self._own, head)
        if len(failed) == len(self._own):
            raise AuditError(f"{'; '.join(self.faults)}: nothing more is done") from failed[-1]

    def catch_up(self, head: AuditHead) -> None:
        """Move to a head this archive's anchors that remember an earlier row of the log."""
        behind = []
        for path in self._own:
            anchor = read_leniently(path)
            if anchor is not None and anchor.seq < head.seq and self._holds(anchor):
                behind.append(path)
        # a disk that cannot be written is told of; the next row finds out whether all cannot
        self._move(behind, head)

    def replace(self, head: AuditHead) -> None:
        """Write a head over whatever any of them remembers."""
        for path in self._all:
            replace_anchor(path, head)

    def _holds(self, anchor: AuditHead) -> bool:
        if anchor.seq == 0:
            return True
        found = self._database.read("SELECT hash FROM audit WHERE seq = ?", anchor.seq)
        return bool(found) and found[0]["hash"] == anchor.hash

    def _move(self, paths: Sequence[Path], head: AuditHead) -> list[AuditError]:
        """Move anchors to a head, and return why some were not, which is told, too."""
        failed = []
        for path in paths:
            try:
                self._write(path, head)
            except AuditError as error:
                failed.append(error)
        self.faults = tuple(dict.fromkeys((*self._renewed, *map(str, failed))))
        return failed

    def _write(self, path: Path, head: AuditHead) -> None:
        try:
            write_anchor(path, head)
        except AnchorDamaged:
            if not any(each is not None and self._holds(each) for each in self.heads()):
                raise
            write_anchor(path, head, renew_damaged=True)
            self._renewed.append(
                f"the audit anchor {path} was damaged and is written anew, because the other one "
                "agrees with the log; check that disk"
            )
