"""What a catalog that was set aside says of an event that the one in use does not know."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from recorder_core.catalog.audit.chain import AuditRow
from recorder_core.catalog.audit.ledger import Verifier, read_ledger
from recorder_core.catalog.care.checks import reading_catalog
from recorder_core.catalog.database.rows import fetch
from recorder_core.catalog.database.statements import described_row
from recorder_core.catalog.model.records import Event, SealedRecord

__all__ = ["EarlierEvent", "earlier_event"]


@dataclass(frozen=True, slots=True)
class EarlierEvent:
    """An event of another catalog of the archive, and its sealed records."""

    event: Event
    records: tuple[SealedRecord, ...]


def earlier_event(path: Path, event_id: str, trust: str, verify: Verifier) -> EarlierEvent | None:
    """Return an event of another catalog, as far as the signed log in it states that.

    Parameters
    ----------
    path : Path
        A catalog that is not in use; it is not changed.
    event_id : str
        Which event.
    trust : str
        Hash of the row on which the trust in the archive's log rests.
    verify : callable
        Checks one signature.

    Returns
    -------
    EarlierEvent or None
        None if it has no such event, or says something of it that nobody of the archive signed.

    Raises
    ------
    CatalogError
        If it cannot be read.
    """
    with reading_catalog(path) as connection:
        log = fetch(AuditRow, connection.execute("SELECT * FROM audit ORDER BY seq").fetchall())
        facts = read_ledger(log, trust, verify).facts
        rows = {
            table: connection.execute(
                f"SELECT * FROM {table} WHERE event_id = ?",  # noqa: S608 - one of two names
                (event_id,),
            ).fetchall()
            for table in ("events", "sealed_records")
        }
    stated = [
        row for row in rows["events"] if facts.get(f"events {event_id}") == described_row(row)
    ]
    records = [
        row
        for row in rows["sealed_records"]
        if facts.get(f"sealed_records {event_id} {row['record_name']}") == described_row(row)
    ]
    if not stated:
        return None
    return EarlierEvent(fetch(Event, stated)[0], tuple(fetch(SealedRecord, records)))
