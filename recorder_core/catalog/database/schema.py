"""Whether a catalog has the tables, indexes and triggers of this program, and nothing else.

What somebody adds beside the program would act inside the program's own transactions: a
trigger changes rows that the person who acts then signs.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Sequence
from contextlib import closing
from functools import cache
from typing import Final

from recorder_core.errors import CatalogDamaged

__all__ = ["Migration", "check_schema"]

Migration = Callable[[sqlite3.Connection], None]
#: type, name and table of one thing of the schema -> its statement
_Schema = dict[tuple[str, str, str], str | None]

#: made before the first migration
LIST_OF_MIGRATIONS: Final = (
    "CREATE TABLE IF NOT EXISTS migrations "
    "(name TEXT PRIMARY KEY, applied_utc TEXT NOT NULL) STRICT"
)
#: what SQLite keeps about its tables; nothing of it is ever executed
_OF_SQLITE: Final = frozenset({"sqlite_sequence", "sqlite_stat1", "sqlite_stat4"})


def check_schema(connection: sqlite3.Connection, applied: Sequence[Migration]) -> None:
    """Raise unless the schema is what some migrations make.

    Parameters
    ----------
    connection : sqlite3.Connection
        To a database that is not empty.
    applied : sequence of functions
        The migrations that it has had, in order.

    Raises
    ------
    CatalogDamaged
        If something was added, changed or taken away.
    """
    found, made = _read(connection), _made(tuple(applied))
    wrong = sorted(
        f"{kind} {name}"
        for kind, name, table in found.keys() | made.keys()
        if found.get((kind, name, table), "") != made.get((kind, name, table), "")
    )
    if wrong:
        others = f" and {len(wrong) - 1} more" if len(wrong) > 1 else ""
        raise CatalogDamaged(
            f"the catalog is not as this program made it: the {wrong[0][:80]!r}{others} was "
            "added, changed or removed outside it; keep the file as evidence: 'workbench mirror "
            "repair' "
            "restores it from the mirror, 'workbench archive restore' from a backup"
        )


@cache
def _made(migrations: tuple[Migration, ...]) -> _Schema:
    """Return the schema that migrations make."""
    with closing(sqlite3.connect(":memory:")) as connection:
        connection.execute(LIST_OF_MIGRATIONS)
        for migration in migrations:
            migration(connection)
        return _read(connection)


def _read(connection: sqlite3.Connection) -> _Schema:
    rows = connection.execute("SELECT type, name, tbl_name, sql FROM sqlite_schema").fetchall()
    return {
        (str(kind), str(name), str(table)): sql
        for kind, name, table, sql in rows
        if not (kind == "table" and name in _OF_SQLITE)
    }
