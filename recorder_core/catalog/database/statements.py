"""What the audit log says of the rows of the catalog: who changed which to what.

A transaction that changes a row of a protected table puts the row's new values into the
audit log, in the same transaction, signed by who acts. Short values stand there as they are,
long and sealed ones as their SHA-256. What somebody changes without this program is not
stated; :mod:`recorder_core.catalog.audit.ledger` finds it, and
:mod:`recorder_core.catalog.audit.unstated` refuses to state it with the next change of that row.
"""

from __future__ import annotations

import hashlib
import json
import sqlite3
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import Final

from recorder_core.catalog.database.connection import Database
from recorder_core.errors import CatalogDamaged

__all__ = [
    "PROTECTED",
    "Changes",
    "Facts",
    "described_row",
    "facts_text",
    "name_sql",
    "present_facts",
    "read_facts",
    "stated_value",
]

#: row -> its values; None for a row that was removed
Facts = Mapping[str, Mapping[str, object] | None]

#: table -> columns that name a row; every table but the work queue and the log itself
PROTECTED: Final[Mapping[str, tuple[str, ...]]] = {
    "settings": ("name",),
    "users": ("user_id",),
    "retention_rules": ("site_code",),
    "events": ("event_id",),
    "event_states": ("event_id", "rowid"),
    "sealed_records": ("event_id", "record_name"),
    "files": ("file_id",),
    "pts_indexes": ("file_id",),
    "markers": ("marker_id",),
    "screenshots": ("screenshot_id",),
    "signals": ("signal_id",),
    "devices": ("device_id",),
    "event_views": ("event_id", "name"),
    "detections_summaries": ("summary_id",),
    "corrections": ("correction_id",),
    "reviews": ("event_id",),
    "sign_offs": ("event_id", "reviewer"),
    "moment_queues": ("event_id",),
    "moment_decisions": ("decision_id",),
    "sealed_keys": ("event_id", "key_name", "recipient_kind", "recipient"),
    "grants": ("grant_id",),
}

#: longer values are stated by their hash
MAX_TEXT_CHARACTERS: Final = 80
MAX_BLOB_BYTES: Final = 32


class Changes:
    """Notes which protected rows this connection changes, in memory.

    Parameters
    ----------
    database : Database
        Migrated.
    """

    def __init__(self, database: Database) -> None:
        with database.write() as connection:
            connection.execute(
                "CREATE TEMP TABLE watched "
                "(source TEXT, name TEXT, row_id INTEGER, PRIMARY KEY (source, name))"
            )
            for table in PROTECTED:
                connection.execute(_copy_without_rows(table))
                for trigger in _triggers(table, _columns(connection, table)):
                    connection.execute(trigger)

    def any(self, connection: sqlite3.Connection) -> bool:
        """Return whether a protected row was changed since the last call of `take`."""
        return connection.execute("SELECT 1 FROM watched LIMIT 1").fetchone() is not None

    def before(self, connection: sqlite3.Connection) -> dict[str, Mapping[str, object] | None]:
        """Return the values that changed rows had at the last call of `take`; not of new ones."""
        tables = connection.execute("SELECT DISTINCT source FROM watched").fetchall()
        return {
            f"{table} {row['row_name']}": described_row(row)
            for (table,) in tables
            for row in connection.execute(f"SELECT * FROM before_{table}")  # noqa: S608
        }

    def take(self, connection: sqlite3.Connection) -> dict[str, Mapping[str, object] | None]:
        """Return what was changed since the last call, and forget it; inside a transaction."""
        noted = connection.execute("SELECT * FROM watched ORDER BY source, name").fetchall()
        for statement in ("DELETE FROM watched", *_forgetting({row["source"] for row in noted})):
            connection.execute(statement)
        return {
            f"{table} {name}": _values(connection, table, name, row) for table, name, row in noted
        }


def present_facts(
    read: Callable[..., Iterable[sqlite3.Row]], rows: Iterable[str] = PROTECTED
) -> dict[str, Mapping[str, object] | None]:
    """Return the values of every protected row as they are now, or those of some.

    Parameters
    ----------
    read : callable
        Returns the rows of one SELECT, with the parameters that follow it.
    rows : iterable of str, optional
        Tables, or tables and the whole words with which the names of their rows begin; all
        that are protected when not given.
    """
    return {
        f"{table} {row['row_name']}": described_row(row)
        for table, _, words in (each.partition(" ") for each in rows)
        for row in _rows_of(read, table, words)
    }


def _rows_of(
    read: Callable[..., Iterable[sqlite3.Row]], table: str, words: str
) -> Iterable[sqlite3.Row]:
    name = name_sql(table)
    every = f"SELECT {name} AS row_name, * FROM {table}"  # noqa: S608 - names from this file
    if not words:
        return read(every)
    return read(f"{every} WHERE substr({name} || ' ', 1, ?) = ?", len(words) + 1, f"{words} ")


def facts_text(facts: Facts) -> str:
    """Return facts as the log stores them."""
    return json.dumps(facts, separators=(",", ":"), sort_keys=True, ensure_ascii=True)


def read_facts(text: str) -> dict[str, dict[str, object] | None]:
    """Read what `facts_text` gave; CatalogDamaged if it is something else."""
    try:
        content = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise CatalogDamaged("a row of the audit log does not say what was changed") from error
    if not isinstance(content, dict) or not all(
        value is None or isinstance(value, dict) for value in content.values()
    ):
        raise CatalogDamaged("a row of the audit log does not say what was changed")
    return content


def _columns(connection: sqlite3.Connection, table: str) -> list[str]:
    return [row["name"] for row in connection.execute(f"PRAGMA main.table_info({table})")]


def _copy_without_rows(table: str) -> str:
    """Return what makes the table of the values that rows had before; names as in this file."""
    return (
        f"CREATE TEMP TABLE before_{table} AS "  # noqa: S608 - names from this file
        f"SELECT {name_sql(table)} AS row_name, * FROM main.{table} WHERE 0"
    )


def _forgetting(tables: Iterable[str]) -> list[str]:
    return [f"DELETE FROM before_{table}" for table in tables]  # noqa: S608 - as above


def _triggers(table: str, columns: Sequence[str]) -> Iterator[str]:
    """Yield what notes each change of a table; a replaced row fires no trigger of its own."""
    for verb, sides in (("INSERT", ("NEW",)), ("UPDATE", ("OLD", "NEW")), ("DELETE", ("OLD",))):
        notes = " ".join(
            f"INSERT OR REPLACE INTO watched VALUES "  # noqa: S608 - names from this file
            f"('{table}', {name_sql(table, side + '.')}, {side}.rowid);"
            for side in sides
        )
        keeps = "" if verb == "INSERT" else _keep(table, "OLD", columns)
        yield (
            f"CREATE TEMP TRIGGER watch_{table}_{verb.lower()} AFTER {verb} ON main.{table} "
            f"BEGIN {keeps} {notes} END"
        )
    replaced = " AND ".join(f"r.{column} = NEW.{column}" for column in PROTECTED[table])
    yield (
        f"CREATE TEMP TRIGGER watch_{table}_replace BEFORE INSERT ON main.{table} "
        f"BEGIN {_keep(table, 'r', columns, f'FROM main.{table} r WHERE {replaced} AND')} END"
    )


def _keep(table: str, side: str, columns: Sequence[str], where: str = "WHERE") -> str:
    """Return what keeps the values of a row that nothing has changed so far."""
    values = ", ".join(f"{side}.{column}" for column in columns)
    name = name_sql(table, f"{side}.")
    return (
        f"INSERT INTO before_{table} SELECT {name}, {values} {where} NOT EXISTS "  # noqa: S608
        f"(SELECT 1 FROM watched WHERE source = '{table}' AND name = {name});"
    )


def name_sql(table: str, side: str = "") -> str:
    """Return the SQL expression that names a row."""
    return " || ' ' || ".join(f"{side}{column}" for column in PROTECTED[table])


def _values(
    connection: sqlite3.Connection, table: str, name: str, row_id: int
) -> Mapping[str, object] | None:
    sql = f"SELECT {name_sql(table)} AS row_name, * FROM {table} WHERE rowid = ?"  # noqa: S608
    found = connection.execute(sql, (row_id,)).fetchone()
    # another row may have the number of one that was removed
    return described_row(found) if found is not None and str(found["row_name"]) == name else None


def described_row(row: sqlite3.Row) -> dict[str, object]:
    """Return the values of a row as the log states them."""
    return {name: stated_value(row[name]) for name in row.keys() if name != "row_name"}  # noqa: SIM118


def stated_value(value: object) -> object:
    """Return a value as the log states it."""
    if isinstance(value, bytes):
        short = len(value) <= MAX_BLOB_BYTES
        return value.hex() if short else f"sha256:{hashlib.sha256(value).hexdigest()}"
    if isinstance(value, str) and len(value) > MAX_TEXT_CHARACTERS:
        return f"sha256:{hashlib.sha256(value.encode('utf-8')).hexdigest()}"
    return value
