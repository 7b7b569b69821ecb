import dataclasses
import sqlite3
from contextlib import closing
from dataclasses import dataclass, fields
from datetime import UTC, datetime
from typing import Literal

import pytest

from recorder_core.catalog import Catalog, Event
from recorder_core.catalog.database.connection import Database
from recorder_core.catalog.database.rows import fetch, insert_sql
from recorder_core.catalog.events import moments, reviews, views
from recorder_core.catalog.model import records
from recorder_core.errors import CatalogDamaged

TABLES = {
    "CorrectionRecord": "corrections",
    "DetectionsSummary": "detections_summaries",
    "Event": "events",
    "EventFile": "files",
    "EventView": "event_views",
    "Grant": "grants",
    "Job": "jobs",
    "Marker": "markers",
    "MomentDecision": "moment_decisions",
    "MomentQueue": "moment_queues",
    "RetentionRule": "retention_rules",
    "Review": "reviews",
    "Screenshot": "screenshots",
    "SealedKey": "sealed_keys",
    "SealedRecord": "sealed_records",
    "SignOff": "sign_offs",
    "Signal": "signals",
    "StateChange": "event_states",
    "User": "users",
}


@pytest.mark.parametrize("name", sorted(TABLES))
def test_fields_are_the_columns(name: str, catalog: Catalog) -> None:
    with Database(catalog.path) as database:
        columns = [row["name"] for row in database.read(f"PRAGMA table_info({TABLES[name]})")]
    modules = (records, moments, reviews, views)
    kind = next(filter(None, (getattr(each, name, None) for each in modules)))
    fields = [field.name for field in dataclasses.fields(kind)]
    assert set(fields) == set(columns)


def test_insert_sql_has_one_place_per_column() -> None:
    assert insert_sql("files", ["a", "b"]) == "INSERT INTO files (a, b) VALUES (?, ?)"
    assert insert_sql("files", ["a"], replace=True).startswith("INSERT OR REPLACE")


@pytest.mark.parametrize(
    "change",
    ["state = 'asleep'", "started_utc = 'noon'", "site_code = 'Hospital of Maria Silva'"],
)
def test_a_row_that_cannot_be_is_damage(change: str, catalog: Catalog, event: Event) -> None:
    connection = sqlite3.connect(catalog.path)
    connection.execute(f"UPDATE events SET {change}")
    connection.commit()
    connection.close()
    with pytest.raises(CatalogDamaged) as error:
        catalog.events.get(event.event_id)
    assert "Maria" not in str(error.value)


@dataclass(frozen=True)
class _Row:
    name: str
    size: int
    share: float
    sealed: bytes
    is_whole: bool
    at: datetime
    spans: tuple[tuple[float, float], ...]
    outcome: Literal["done", "failed"]
    note: str | None


_GOOD = ("a", 1, 0.5, b"b", 1, "2026-01-02T03:04:05.000000Z", "[[0, 1.5]]", "done", None)


def _row(*values: object) -> list[sqlite3.Row]:
    with closing(sqlite3.connect(":memory:")) as connection:
        connection.row_factory = sqlite3.Row
        names = [field.name for field in fields(_Row)]
        columns = ", ".join(f"? AS {name}" for name in names)
        return connection.execute(f"SELECT {columns}", values).fetchall()


def test_every_type_of_a_column_is_read() -> None:
    [row] = fetch(_Row, _row(*_GOOD))
    assert row.at == datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)
    assert (row.is_whole, row.spans, row.note) == (True, ((0, 1.5),), None)
    assert (row.name, row.size, row.share, row.sealed) == _GOOD[:4]


@pytest.mark.parametrize("place", range(len(_GOOD)))
@pytest.mark.parametrize("wrong", [None, b"\xff", 7, "[" * 50_000, 1e308])
def test_another_type_in_a_column_is_damage(place: int, wrong: object) -> None:
    values = [*_GOOD[:place], wrong, *_GOOD[place + 1 :]]
    fits = {
        "name": str, "size": int, "share": (int, float), "sealed": bytes,
        "is_whole": (str, int, bytes, float), "outcome": str, "note": (str, type(None)),
    }.get(fields(_Row)[place].name, ())  # fmt: skip
    if isinstance(wrong, fits):
        assert len(fetch(_Row, _row(*values))) == 1
        return
    with pytest.raises(CatalogDamaged):
        fetch(_Row, _row(*values))


def test_nothing_to_fetch() -> None:
    assert fetch(Event, []) == []
