"""Whether a catalog that seems to be newer was written by people who may write it.

Everybody can add a row to a log of hashes, so that a copy of the catalog on another disk looks
newer. It may take the place of the one in use only if somebody signed what was added, and if
its rows are what the log states.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from recorder_core.catalog.audit.chain import AuditRow
from recorder_core.catalog.audit.ledger import Ledger, Verifier, read_ledger
from recorder_core.catalog.care.checks import check_catalog, reading_catalog
from recorder_core.catalog.database.rows import fetch
from recorder_core.catalog.database.statements import Facts, present_facts, read_facts
from recorder_core.errors import CatalogDamaged

__all__ = ["OtherRow", "continuation_fault", "other_rows"]

#: setting that names the row on which trust rests
_TRUST: Final = "settings trust"


@dataclass(frozen=True, slots=True)
class _Content:
    """The log of a catalog, and its protected rows."""

    log: Sequence[AuditRow]
    present: Facts

    @property
    def trust(self) -> str:
        return str((self.present.get(_TRUST) or {}).get("value", ""))


def continuation_fault(path: Path, other: Path, verify: Verifier) -> str | None:
    """Return why a catalog must not take the place of another whose log it continues.

    Parameters
    ----------
    path : Path
        The catalog in use.
    other : Path
        The one that continues it.
    verify : callable
        Checks one signature.

    Returns
    -------
    str or None
        None if it may: it is whole, somebody known signed what was added, and every row that
        is not what the log states is as wrong in the catalog in use. Of a catalog of an
        earlier program, which nobody has signed, only the hashes are asked.

    Raises
    ------
    CatalogError
        If one of them cannot be read.
    """
    try:
        check_catalog(other)
        ours, theirs = _content(path), _content(other)
    except CatalogDamaged as error:
        return str(error)
    if not ours.trust:
        return None
    ledger = read_ledger(theirs.log, ours.trust, verify)
    head = ours.log[-1].seq if ours.log else 0
    return _log_fault(ledger, [row for row in theirs.log if row.seq > head], head) or _row_fault(
        ledger.differences(theirs.present),
        read_ledger(ours.log, ours.trust, verify).differences(ours.present),
    )


@dataclass(frozen=True, slots=True)
class OtherRow:
    """A row of another catalog's log that changed something there, and whether it is signed."""

    row: AuditRow
    is_signed: bool

    @property
    def changed(self) -> tuple[str, ...]:
        """The rows of the catalog that it changed, and what became of them."""
        return tuple(f"{name}{_became(now)}" for name, now in read_facts(self.row.facts).items())


def _became(values: Mapping[str, object] | None) -> str:
    if values is None:
        return " (removed)"
    state = "disabled" if values.get("is_disabled") else values.get("state")
    return f" ({state})" if state else ""


def other_rows(path: Path, other: Path, verify: Verifier) -> tuple[OtherRow, ...]:
    """Return what another catalog's log says was changed there and not here, oldest first.

    Parameters
    ----------
    path, other : Path
        Two catalogs of one archive that were both changed since they were the same.
    verify : callable
        Checks one signature.

    Raises
    ------
    CatalogError
        If one of them cannot be read.
    """
    ours, theirs = _content(path), _content(other)
    known = {row.hash for row in ours.log}
    unsigned = {finding.seq for finding in read_ledger(theirs.log, ours.trust, verify).findings}
    return tuple(
        OtherRow(row, bool(row.signature) and row.seq not in unsigned)
        for row in theirs.log
        if row.facts and row.hash not in known
    )


def _log_fault(ledger: Ledger, added: Sequence[AuditRow], head: int) -> str | None:
    for finding in ledger.findings:
        if finding.seq > head:
            return finding.sentence
    if not any(row.signature for row in added):
        return f"nobody signed the rows after {head}"
    return None


def _row_fault(theirs: dict[str, str], ours: dict[str, str]) -> str | None:
    """Return the first row that is wrong there and not in the same way here."""
    wrong = [sentence for name, sentence in theirs.items() if ours.get(name) != sentence]
    return wrong[0] if wrong else None


def _content(path: Path) -> _Content:
    def read(sql: str) -> list[sqlite3.Row]:
        return connection.execute(sql).fetchall()

    with reading_catalog(path) as connection:
        return _Content(
            fetch(AuditRow, read("SELECT * FROM audit ORDER BY seq")), present_facts(read)
        )
