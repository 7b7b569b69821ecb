from __future__ import annotations

import shutil
import sqlite3
import stat
from pathlib import Path

import pytest

from recorder_core.catalog import (
    Action,
    Actor,
    Catalog,
    Event,
    Profile,
    check_catalog,
    check_log,
    compare_catalogs,
    copy_catalog,
    previous_copy,
)
from recorder_core.catalog.model.codes import utc_now
from recorder_core.errors import CatalogDamaged, CatalogError
from tests.tampering import edited_catalog

REVIEWER = Actor("reviewer1", Profile.REVIEWER)


def _damage_table(path: Path, table: str) -> None:
    with sqlite3.connect(path) as connection:
        root = connection.execute(
            "SELECT rootpage FROM sqlite_schema WHERE name = ?", (table,)
        ).fetchone()[0]
        size = connection.execute("PRAGMA page_size").fetchone()[0]
    connection.close()
    with path.open("r+b") as file:
        file.seek((root - 1) * size)
        file.write(b"\xa5" * size)


def _events(path: Path) -> list[str]:
    connection = sqlite3.connect(path)
    rows = connection.execute("SELECT event_id FROM events").fetchall()
    connection.close()
    return [row[0] for row in rows]


def test_a_copy_of_a_catalog_in_use_has_every_committed_row(
    catalog: Catalog, event: Event, tmp_path: Path
) -> None:
    target = tmp_path / "copy.db"
    catalog.audit.append(REVIEWER, Action.LIST_EVENTS)
    assert copy_catalog(catalog.path, target) == catalog.audit.head()
    assert _events(target) == [event.event_id]
    assert stat.S_IMODE(target.stat().st_mode) == 0o600
    assert sorted(path.name for path in tmp_path.glob("copy*")) == ["copy.db"]


def test_the_copy_before_is_kept(catalog: Catalog, tmp_path: Path) -> None:
    target = tmp_path / "copy.db"
    copy_catalog(catalog.path, target)
    second = catalog.events.begin(
        site_code="site1", procedure_code="demo", started_utc=utc_now(), by="operator1"
    )
    copy_catalog(catalog.path, target)
    assert _events(target) == [second.event_id]
    assert _events(previous_copy(target)) == []


@pytest.mark.parametrize("table", ["events", "audit", "users", "sealed_keys"])
def test_a_damaged_catalog_takes_no_place(
    catalog: Catalog, event: Event, tmp_path: Path, table: str
) -> None:
    target = tmp_path / "copy.db"
    catalog.audit.append(REVIEWER, Action.LIST_EVENTS)
    copy_catalog(catalog.path, target)
    kept = target.read_bytes()
    catalog.close()
    _damage_table(catalog.path, table)
    with pytest.raises(CatalogDamaged):
        copy_catalog(catalog.path, target)
    with pytest.raises(CatalogDamaged):
        check_catalog(catalog.path)
    assert target.read_bytes() == kept
    assert sorted(path.name for path in tmp_path.glob("copy*")) == ["copy.db"]


def test_an_edited_row_of_the_log_takes_no_place(catalog: Catalog, tmp_path: Path) -> None:
    target = tmp_path / "copy.db"
    copy_catalog(catalog.path, target)
    catalog.audit.append(REVIEWER, Action.LIST_EVENTS)
    catalog.close()
    with edited_catalog(catalog.path) as connection:
        connection.execute("UPDATE audit SET who = 'somebody'")
    with pytest.raises(CatalogDamaged, match="row 1 of the audit log"):
        copy_catalog(catalog.path, target)


def test_only_a_continuation_takes_the_place(catalog: Catalog, tmp_path: Path) -> None:
    older, split = tmp_path / "older.db", tmp_path / "split.db"
    catalog.audit.append(REVIEWER, Action.LIST_EVENTS)
    copy_catalog(catalog.path, older)
    shutil.copy(older, split)
    with Catalog(split, anchors=[tmp_path / "others-head.json"]) as other:
        (tmp_path / "others-head.json").write_text('{"seq": 0, "hash": ""}')
        other.audit.append(REVIEWER, Action.READ_IDENTITY)
    assert compare_catalogs(catalog.path, older) == "same"
    catalog.audit.append(REVIEWER, Action.LIST_EVENTS)
    assert compare_catalogs(catalog.path, older) == "newer"
    assert compare_catalogs(older, catalog.path) == "older"
    assert compare_catalogs(catalog.path, split) == "split"
    kept = split.read_bytes()
    assert copy_catalog(older, catalog.path) is None
    assert copy_catalog(catalog.path, split) is None
    assert split.read_bytes() == kept


def test_what_is_no_catalog_is_left(catalog: Catalog, tmp_path: Path) -> None:
    target = tmp_path / "copy.db"
    target.write_bytes(b"somebody's notes" * 100)
    assert copy_catalog(catalog.path, target) is None
    assert target.read_bytes() == b"somebody's notes" * 100
    with pytest.raises(CatalogError, match="no catalog at"):
        check_catalog(tmp_path / "nothing.db")


@pytest.mark.parametrize("column", ["at_utc", "who", "detail", "hash", "previous_hash", "seq"])
def test_a_value_of_another_type_in_the_log_is_damage(
    catalog: Catalog, event: Event, tmp_path: Path, column: str
) -> None:
    copy = tmp_path / "copy.db"
    catalog.audit.append(REVIEWER, Action.LIST_EVENTS)
    copy_catalog(catalog.path, copy)
    with sqlite3.connect(copy) as connection:
        for trigger in ("audit_no_update", "audit_no_delete"):
            connection.execute(f"DROP TRIGGER {trigger}")
        # without the types of its columns, a table takes any value in each
        connection.execute("CREATE TABLE other AS SELECT * FROM audit")
        connection.execute(f"UPDATE other SET {column} = x'ff00'")
        connection.execute("DROP TABLE audit")
        connection.execute("ALTER TABLE other RENAME TO audit")
    connection.close()
    with pytest.raises(CatalogDamaged):
        check_catalog(copy)
    with pytest.raises(CatalogDamaged):
        check_log(copy)
