"""Bring a database to the schema of this program: each migration once, in one transaction."""

from __future__ import annotations

import sqlite3
from collections.abc import Sequence

from recorder_core.catalog.database.connection import APPLICATION_ID, Database
from recorder_core.catalog.database.migrations import MIGRATIONS
from recorder_core.catalog.database.schema import LIST_OF_MIGRATIONS, Migration, check_schema
from recorder_core.catalog.model.codes import Clock, utc_text
from recorder_core.errors import CatalogDamaged, SchemaTooNew

__all__ = ["check_version", "migrate", "schema_version"]


def schema_version(database: Database) -> int:
    """Return how many migrations the database says it has had."""
    return int(database.read("PRAGMA user_version")[0][0])


def migrate(
    database: Database, clock: Clock, migrations: tuple[Migration, ...] = MIGRATIONS
) -> list[str]:
    """Migrate the database to the schema of this program.

    Parameters
    ----------
    database : Database
        New or of any older version.
    clock : callable
        Gives the time that is written beside each applied migration.
    migrations : tuple of functions
        In order.

    Returns
    -------
    list of str
        Names of those applied now.

    Raises
    ------
    SchemaTooNew
        If a newer program has been here; nothing is changed then.
    CatalogDamaged
        If the version and the list of applied migrations contradict each other, or if the
        schema is not what they make.
    """
    known = [migration.__name__ for migration in migrations]
    with database.write() as connection:
        connection.execute(LIST_OF_MIGRATIONS)
        applied = check_version(connection, migrations)
        check_schema(connection, migrations[: len(applied)])
        for migration in migrations[len(applied) :]:
            migration(connection)
            connection.execute(
                "INSERT INTO migrations VALUES (?, ?)", (migration.__name__, utc_text(clock()))
            )
        connection.execute(f"PRAGMA user_version = {len(known)}")
        connection.execute(f"PRAGMA application_id = {APPLICATION_ID}")
    return known[len(applied) :]


def check_version(connection: sqlite3.Connection, migrations: Sequence[Migration]) -> list[str]:
    """Return the names of the migrations that a catalog has had; the number in its header agrees.

    Parameters
    ----------
    connection : sqlite3.Connection
        To a catalog.
    migrations : sequence of functions
        Those of this program, in order.

    Raises
    ------
    SchemaTooNew
        If a newer program has been here: the number and the list both say so.
    CatalogDamaged
        If the number and the list contradict each other.
    """
    known = [migration.__name__ for migration in migrations]
    rows = connection.execute("SELECT name FROM migrations ORDER BY rowid").fetchall()
    applied = [str(row[0]) for row in rows if str(row[0]).isidentifier()]
    version = int(connection.execute("PRAGMA user_version").fetchone()[0])
    if version == len(applied) and set(applied) - set(known):
        raise SchemaTooNew(
            f"the catalog has schema version {version}, this program knows "
            f"{len(known)}; install the newer program that wrote it"
        )
    if version != len(applied) or applied != known[:version]:
        raise CatalogDamaged(
            f"the catalog says schema version {version} but lists {len(applied)} migrations: it "
            "is damaged; 'workbench mirror repair' restores it from the mirror, 'workbench archive "
            "restore' from a backup"
        )
    return applied
