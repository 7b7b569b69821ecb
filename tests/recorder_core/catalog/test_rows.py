from __future__ import annotations

import dataclasses
import sqlite3

import pytest

from recorder_core.catalog import Catalog, Event, records
from recorder_core.catalog.database import Database
from recorder_core.catalog.rows import fetch, insert_sql
from recorder_core.errors import CatalogDamaged

TABLES = {
    "Correction": "corrections",
    "DetectionsSummary": "detections_summaries",
    "Event": "events",
    "EventFile": "files",
    "Grant": "grants",
    "Job": "jobs",
    "Marker": "markers",
    "RetentionRule": "retention_rules",
    "Review": "reviews",
    "Screenshot": "screenshots",
    "SealedKey": "sealed_keys",
    "SealedRecord": "sealed_records",
    "Signal": "signals",
    "StateChange": "event_states",
    "User": "users",
}


@pytest.mark.parametrize("name", sorted(TABLES))
def test_fields_are_the_columns(name: str, catalog: Catalog) -> None:
    with Database(catalog.path) as database:
        columns = [row["name"] for row in database.read(f"PRAGMA table_info({TABLES[name]})")]
    fields = [field.name for field in dataclasses.fields(getattr(records, name))]
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


def test_nothing_to_fetch() -> None:
    assert fetch(Event, []) == []
