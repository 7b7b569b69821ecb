"""What the audit log states of people and settings, read again only where it may be another.

The log only grows. What was read and verified stays known, and the next look reads the rows that
were added since; where another connection has written into the database, by which rows that are
known may have been changed outside this program, all of them are read again.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from recorder_core.catalog.audit.chain import ACCEPT_BREAK, RESTORED, AuditRow, read_rows
from recorder_core.catalog.audit.ledger import Ledger, LedgerBuilder, Verifier
from recorder_core.catalog.database.connection import Database
from recorder_core.catalog.settings import HAS_MIRROR

__all__ = ["PEOPLE", "LedgerReader", "PeopleLedger", "log_rows"]

#: tables that say who may do what, and where
PEOPLE: Final = ("users", "settings")

#: of which the log is searched; for more it is read as a whole
MAX_PARTS: Final = 100
_MIRROR_ROW: Final = f'"settings {HAS_MIRROR}":'
_LAST: Final = "SELECT coalesce(max(seq), 0) FROM audit"
_AFTER: Final = (
    "SELECT * FROM audit WHERE seq > ? AND (hash = ? OR detail = ? OR action = ? "
    "OR instr(facts, '\"users ') > 0 OR instr(facts, '\"settings ') > 0) ORDER BY seq"
)


def log_rows(
    database: Database, trust: str, tables: Sequence[str], rows: Sequence[str] = ()
) -> list[AuditRow]:
    """Return the row on which trust rests, and those of the log that change something.

    Parameters
    ----------
    database : Database
        Migrated.
    trust : str
        Hash of the row on which the trust in this log rests.
    tables, rows : sequence of str
        What is changed: tables, and single rows; the whole log is returned when neither are given.
    """
    parts = [f'"{table} ' for table in tables] + [f"{json.dumps(row)}:" for row in rows]
    if not parts or len(parts) > MAX_PARTS:
        return read_rows(database.read("SELECT * FROM audit ORDER BY seq"))
    wanted = " OR ".join(["hash = ?", *["instr(facts, ?) > 0"] * len(parts)])
    sql = f"SELECT * FROM audit WHERE {wanted} ORDER BY seq"  # noqa: S608 - placeholders only
    return read_rows(database.read(sql, trust, *parts))


@dataclass(frozen=True, slots=True)
class PeopleLedger:
    """What the signed rows state of users and settings.

    Attributes
    ----------
    ledger : Ledger
        Of these two tables alone.
    was_restored : bool
        Whether the catalog came from a backup after it was last stated whether there is a mirror.
    """

    ledger: Ledger
    was_restored: bool


class LedgerReader:
    """Reads what the log states of people and settings; may be used from several threads.

    Parameters
    ----------
    database : Database
        Migrated.
    """

    def __init__(self, database: Database) -> None:
        self._database = database
        self._known: _Known | None = None

    def read(self, trust: str, verify: Verifier) -> PeopleLedger:
        """Return what is stated at this moment.

        Parameters
        ----------
        trust : str
            Hash of the row on which the trust in this log rests.
        verify : callable
            Checks one signature.
        """
        with self._database.still():
            # before the rows: what is written meanwhile is a reason to read all again next time
            version = self._database.data_version()
            known = self._known
            if known is None or (known.trust, known.version) != (trust, version):
                known = _Known(trust, version, LedgerBuilder(trust, verify))
            # a transaction that is open may be undone, with the rows in it
            is_lasting = not self._database.in_transaction
            known = known if is_lasting else known.copied()
            last = int(self._database.read(_LAST)[0][0])
            known.add(
                read_rows(self._database.read(_AFTER, known.seq, trust, RESTORED, ACCEPT_BREAK))
            )
            known.seq = max(known.seq, last)
            self._known = known if is_lasting else self._known
            return PeopleLedger(known.builder.ledger(), known.was_restored)


@dataclass
class _Known:
    """What was read, and of which state of the database."""

    trust: str
    version: int
    builder: LedgerBuilder
    seq: int = 0
    was_restored: bool = False

    def copied(self) -> _Known:
        copy = self.builder.copied()
        return _Known(self.trust, self.version, copy, self.seq, self.was_restored)

    def add(self, rows: list[AuditRow]) -> None:
        for row in rows:
            is_of_mirror = _MIRROR_ROW in row.facts
            self.was_restored = not is_of_mirror and (self.was_restored or row.detail == RESTORED)
            says = row.hash == self.trust or row.action == ACCEPT_BREAK
            if says or any(f'"{table} ' in row.facts for table in PEOPLE):
                self.builder.add(row)
            self.seq = row.seq
