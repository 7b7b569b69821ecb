from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import closing, suppress
from pathlib import Path

import pytest

from recorder_core.catalog import (
    Action,
    Actor,
    Catalog,
    Profile,
    RetentionRule,
    check_catalog,
    copy_catalog,
    mend_rows,
)
from recorder_core.catalog.audit.anchors import write_anchor
from recorder_core.catalog.model.codes import utc_now
from recorder_core.errors import CatalogError
from tests.tampering import edited_catalog

SIGNATURE = "c2lnbmVk"
ADAM = Actor("adam", Profile.ADMINISTRATOR, sign=lambda _: SIGNATURE)
#: what becomes wrong in the catalog -> the row that is named
EDITS = {
    "UPDATE events SET started_utc = '2001-01-01T00:00:00.000000Z'": "events ",
    "UPDATE retention_rules SET minimum_days = 7": "retention_rules site1",
    "DELETE FROM retention_rules": "retention_rules site1",
    "UPDATE markers SET marker_id = 'another'": "markers ",
    "UPDATE users SET public_key = zeroblob(32)": "users adam",
    "UPDATE audit SET detail = 'x' WHERE seq = 2": "audit 2",
    "UPDATE audit SET facts = CAST(x'7bff7d' AS TEXT) WHERE seq = 2": "audit 2",
    "UPDATE audit SET signature = 'b3RoZXI=' WHERE seq = 2": "audit 2",
    "DELETE FROM audit WHERE seq = 2": "audit 2",
}


def _is_right(key: bytes, signature: str, _: str) -> bool:
    return key == b"k" * 32 and signature == SIGNATURE


def _rows(path: Path) -> dict[str, list[tuple[object, ...]]]:
    tables = ("events", "retention_rules", "markers", "users", "audit")
    with closing(sqlite3.connect(path)) as connection:
        connection.text_factory = bytes
        return {
            table: connection.execute(f"SELECT rowid, * FROM {table}").fetchall()
            for table in tables
        }


def _edit(path: Path, sql: str) -> None:
    """Change a catalog beside the program, whatever its triggers say."""
    with edited_catalog(path) as connection:
        assert connection.execute(sql).rowcount > 0


@pytest.fixture
def stated(tmp_path: Path) -> Iterator[Catalog]:
    """A catalog of which every row is stated in its log."""
    with Catalog.create(tmp_path / "stated.db") as catalog:
        with catalog.audited(ADAM, Action.MANAGE_USERS):
            catalog.users.add(
                "adam",
                Profile.ADMINISTRATOR,
                public_key=b"p" * 32,
                wrapped_private_key=b"w" * 60,
                verify_key=b"k" * 32,
            )
        with catalog.audited(ADAM, Action.MANAGE_RETENTION):
            catalog.retention.set_rule(RetentionRule(site_code="site1", minimum_days=7300))
            event = catalog.events.begin(
                site_code="site1", procedure_code="demo", started_utc=utc_now(), by="adam"
            )
            catalog.contents.add_marker(event.event_id, "clip", start_seconds=1.0, author="adam")
        yield catalog


@pytest.mark.parametrize("sql", EDITS)
def test_a_row_that_is_not_as_stated_comes_from_the_copy_that_has_it(
    stated: Catalog, tmp_path: Path, sql: str
) -> None:
    copy = tmp_path / "copy.db"
    copy_catalog(stated.path, copy)
    right = _rows(stated.path)
    _edit(stated.path, sql)
    assert _rows(stated.path) != right
    [name] = mend_rows(stated.path, copy, _is_right)
    assert name.startswith(EDITS[sql])
    assert _rows(stated.path) == right == _rows(copy)
    assert mend_rows(stated.path, copy, _is_right) == ()
    stated.check()


def test_what_was_changed_with_the_log_stays(stated: Catalog, tmp_path: Path) -> None:
    copy = tmp_path / "copy.db"
    copy_catalog(stated.path, copy)
    with stated.audited(ADAM, Action.MANAGE_RETENTION):
        stated.retention.set_rule(RetentionRule(site_code="site1", minimum_days=30))
    newer = _rows(stated.path)
    assert mend_rows(stated.path, copy, _is_right) == ()
    assert _rows(stated.path) == newer


def test_nothing_is_taken_from_a_copy_that_is_wrong_too(stated: Catalog, tmp_path: Path) -> None:
    copy = tmp_path / "copy.db"
    sql = "UPDATE retention_rules SET minimum_days = {}"
    copy_catalog(stated.path, copy)
    _edit(stated.path, sql.format(7))
    _edit(copy, sql.format(8))
    assert mend_rows(stated.path, copy, _is_right) == ()
    [rule] = stated.retention.rules()
    assert rule.minimum_days == 7


def test_a_row_of_a_log_that_is_another_stays(stated: Catalog, tmp_path: Path) -> None:
    copy = tmp_path / "copy.db"
    copy_catalog(stated.path, copy)
    ours = [stated.audit.append(ADAM, Action.LIST_EVENTS) for _ in range(2)]
    anchor = tmp_path / "other-head.json"
    write_anchor(anchor, check_catalog(copy))
    with Catalog(copy, anchors=[anchor]) as other:
        theirs = [other.audit.append(ADAM, Action.READ_AUDIT) for _ in range(2)]
    assert [row.seq for row in theirs] == [row.seq for row in ours]
    assert mend_rows(stated.path, copy, _is_right) == ()
    assert stated.audit.rows(newest=2) == ours


def test_a_copy_that_is_damaged_is_an_error_and_changes_nothing(
    stated: Catalog, tmp_path: Path
) -> None:
    copy = tmp_path / "copy.db"
    copy_catalog(stated.path, copy)
    right = _rows(stated.path)
    copy.write_bytes(copy.read_bytes()[:4096] + b"\xa5" * 40960)
    with pytest.raises(CatalogError):
        mend_rows(stated.path, copy, _is_right)
    assert _rows(stated.path) == right


@pytest.mark.parametrize(
    "edits",
    [
        ["CREATE VIEW {0} AS SELECT * FROM kept"],
        ["CREATE TABLE {0} AS SELECT 9223372036854775807 AS verify_key, 5 AS value, * FROM kept"],
        ["CREATE TABLE {0} AS SELECT 'x' AS seq, 3.5 AS name FROM kept"],
    ],
)
@pytest.mark.parametrize("table", ["users", "settings", "audit", "markers"])
def test_a_copy_whose_values_have_other_types_changes_nothing(
    stated: Catalog, tmp_path: Path, table: str, edits: list[str]
) -> None:
    copy = tmp_path / "copy.db"
    copy_catalog(stated.path, copy)
    right = _rows(stated.path)
    with closing(sqlite3.connect(copy, isolation_level=None)) as connection:
        connection.execute("PRAGMA foreign_keys = OFF")
        connection.execute(f"CREATE TABLE kept AS SELECT * FROM {table}")
        connection.execute(f"DROP TABLE {table}")
        for edit in edits:
            connection.execute(edit.format(table))
    with suppress(CatalogError):
        assert mend_rows(stated.path, copy, _is_right) == ()
    assert _rows(stated.path) == right
