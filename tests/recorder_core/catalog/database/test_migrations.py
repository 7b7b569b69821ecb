from __future__ import annotations

import sqlite3
from pathlib import Path

import pytest

from recorder_core.catalog import Catalog
from recorder_core.catalog.database.connection import APPLICATION_ID, Database
from recorder_core.catalog.database.migrating import migrate, schema_version
from recorder_core.catalog.database.migrations import MIGRATIONS
from recorder_core.catalog.model.codes import utc_now
from recorder_core.errors import CatalogDamaged, CatalogError, SchemaTooNew

NAMES = [migration.__name__ for migration in MIGRATIONS]


@pytest.fixture
def empty(tmp_path: Path) -> Path:
    path = tmp_path / "catalog.db"
    path.touch()
    return path


def add_color(connection: sqlite3.Connection) -> None:
    connection.execute("ALTER TABLE events ADD COLUMN color TEXT")


def fail_half_way(connection: sqlite3.Connection) -> None:
    connection.execute("CREATE TABLE half (a)")
    connection.execute("CREATE TABLE events (a)")


def test_each_is_applied_once(empty: Path) -> None:
    with Database(empty) as database:
        assert migrate(database, utc_now) == NAMES
        assert migrate(database, utc_now) == []
        assert schema_version(database) == len(NAMES)
        assert database.read("PRAGMA application_id")[0][0] == APPLICATION_ID
        assert [
            row[0] for row in database.read("SELECT name FROM migrations ORDER BY rowid")
        ] == NAMES


def test_every_older_version_is_brought_up(tmp_path: Path) -> None:
    for version in range(len(NAMES)):
        path = tmp_path / f"v{version}.db"
        path.touch()
        with Database(path) as database:
            migrate(database, utc_now, MIGRATIONS[:version])
            assert migrate(database, utc_now) == NAMES[version:]
            database.check()


def test_a_new_one_keeps_what_is_there(catalog: Catalog) -> None:
    event = catalog.events.begin(
        site_code="s", procedure_code="p", started_utc=utc_now(), by="operator1"
    )
    with Database(catalog.path) as database:
        assert migrate(database, utc_now, (*MIGRATIONS, add_color)) == ["add_color"]
        assert database.read("SELECT event_id, color FROM events")[0]["event_id"] == event.event_id


def test_a_newer_catalog_is_refused_and_left_alone(catalog: Catalog) -> None:
    with Database(catalog.path) as database:
        migrate(database, utc_now, (*MIGRATIONS, add_color))
    catalog.close()
    before = catalog.path.read_bytes()
    with pytest.raises(SchemaTooNew, match="install the newer program that wrote it"):
        Catalog(catalog.path)
    assert catalog.path.read_bytes() == before


def test_a_renamed_migration_is_a_newer_program(catalog: Catalog) -> None:
    with Database(catalog.path) as database:
        with database.write() as connection:
            connection.execute("UPDATE migrations SET name = 'unheard_of' WHERE rowid = 2")
        with pytest.raises(SchemaTooNew):
            migrate(database, utc_now)


def test_a_version_that_contradicts_the_list(catalog: Catalog) -> None:
    with Database(catalog.path) as database:
        database.read("PRAGMA user_version = 2")
        with pytest.raises(CatalogDamaged, match="says schema version 2 but lists"):
            migrate(database, utc_now)


def test_a_number_beyond_the_list_is_damage_and_no_newer_program(catalog: Catalog) -> None:
    with Database(catalog.path) as database:
        database.read(f"PRAGMA user_version = {len(MIGRATIONS) + 2**16}")
        with pytest.raises(CatalogDamaged, match=f"but lists {len(MIGRATIONS)} migrations"):
            migrate(database, utc_now)


def test_one_that_fails_leaves_nothing(catalog: Catalog) -> None:
    with Database(catalog.path) as database:
        with pytest.raises(CatalogError, match="already exists"):
            migrate(database, utc_now, (*MIGRATIONS, fail_half_way))
        assert not database.read("SELECT 1 FROM sqlite_schema WHERE name = 'half'")
        assert schema_version(database) == len(NAMES)


def test_profiles_in_the_database_are_those_in_the_code(catalog: Catalog) -> None:
    from recorder_core.catalog import Profile

    with Database(catalog.path) as database:
        stored = {row[0] for row in database.read("SELECT profile FROM profiles")}
    assert stored == {profile.value for profile in Profile}
