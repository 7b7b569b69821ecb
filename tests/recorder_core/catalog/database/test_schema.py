"""What somebody adds to the schema of a catalog, or changes in it, stops every use of the file."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from recorder_core.catalog import Actor, Catalog, Profile, check_catalog
from recorder_core.errors import CatalogDamaged

GHOST = (
    "CREATE TRIGGER ghost AFTER INSERT ON users BEGIN "
    "UPDATE users SET profile = 'administrator' WHERE user_id = NEW.user_id; END"
)
FOREIGN = [
    GHOST,
    "CREATE TRIGGER sqlite_sequence_ghost AFTER INSERT ON audit BEGIN DELETE FROM reviews; END",
    "CREATE VIEW everything AS SELECT * FROM users",
    "CREATE TABLE theirs (a)",
    "CREATE INDEX theirs ON users (profile)",
    "DROP INDEX events_by_start",
    "DROP TRIGGER audit_no_update",
    "ALTER TABLE users ADD COLUMN also TEXT",
]


def edit(path: Path, *statements: str) -> None:
    with closing(sqlite3.connect(path, isolation_level=None)) as connection:
        for statement in statements:
            connection.execute(statement)


@pytest.fixture
def closed(tmp_path: Path) -> Path:
    path = tmp_path / "catalog.db"
    with Catalog.create(path):
        pass
    check_catalog(path)
    return path


@pytest.mark.parametrize("statement", FOREIGN)
def test_a_foreign_schema_is_refused(closed: Path, statement: str) -> None:
    edit(closed, statement.replace("sqlite_sequence_", "x_"))
    with pytest.raises(CatalogDamaged, match=r"not as this program made it: the '.*' was added"):
        Catalog(closed)
    with pytest.raises(CatalogDamaged, match="not as this program made it"):
        check_catalog(closed)


def test_a_trigger_under_a_name_of_sqlite_is_refused(closed: Path) -> None:
    edit(
        closed,
        GHOST,
        "PRAGMA writable_schema = ON",
        "UPDATE sqlite_schema SET name = 'sqlite_stat1', sql = replace(sql, 'ghost', "
        "'sqlite_stat1') WHERE name = 'ghost'",
    )
    with pytest.raises(CatalogDamaged):
        Catalog(closed)


def test_a_table_without_its_key_is_refused(closed: Path) -> None:
    with closing(sqlite3.connect(closed, isolation_level=None)) as connection:
        [made] = connection.execute("SELECT sql FROM sqlite_schema WHERE name = 'users'").fetchone()
        connection.execute("PRAGMA foreign_keys = OFF")
        connection.execute("DROP TABLE users")
        connection.execute(made.replace("PRIMARY KEY", ""))
    with pytest.raises(CatalogDamaged, match="users"):
        Catalog(closed)


def test_a_trigger_put_in_while_the_catalog_is_open_changes_nothing(closed: Path) -> None:
    with Catalog(closed) as catalog:
        edit(closed, GHOST)
        with pytest.raises(CatalogDamaged, match="trigger ghost"):
            catalog.users.add(
                "otto", Profile.OPERATOR, public_key=b"p" * 32, wrapped_private_key=b"w" * 60
            )
        edit(closed, "DROP TRIGGER ghost")
        catalog.audit.append(Actor("otto", Profile.OPERATOR), "list_events")
        assert catalog.users.all() == []


def test_statistics_of_sqlite_are_no_fault(closed: Path) -> None:
    edit(closed, "ANALYZE")
    check_catalog(closed)
    with Catalog(closed) as catalog:
        catalog.audit.append(Actor("otto", Profile.OPERATOR), "list_events")
