"""Put rows right that are not what the audit log states, from a copy or from the log itself.

A bit that flips inside a value leaves every page valid. The log states each row of the protected
tables, and its own rows bear their hash and a signature, so of two copies it can be told which
has the right row. One that is wrong in both is written as the log states it, where the log has the
values that are wrong in full. What nobody stated stays as it is.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing, suppress
from pathlib import Path
from typing import Final
from urllib.parse import quote

from recorder_core.catalog.audit.chain import AuditRow, hash_row
from recorder_core.catalog.audit.ledger import RECOVERY_VERIFY_KEY, Verifier, is_unsigned_by_right
from recorder_core.catalog.care.checks import with_other
from recorder_core.catalog.database.links import refuse_links
from recorder_core.catalog.database.rows import decode_text, fetch
from recorder_core.catalog.database.sqlite_errors import translated_errors
from recorder_core.catalog.database.statements import (
    PROTECTED,
    described_row,
    name_sql,
    read_facts,
    stated_value,
)
from recorder_core.errors import CatalogDamaged, CatalogError

__all__ = ["enter_rows", "mend_rows", "unlike_rows"]

_BUSY_TIMEOUT_SECONDS: Final = 10.0
#: what stands for bytes that are no text; this program writes no such name
_NO_TEXT: Final = "\ufffd"

Values = Mapping[str, object]


def mend_rows(target: Path, source: Path, verify: Verifier) -> tuple[str, ...]:
    """Mend rows of a catalog from another copy of it, where the log says what is right.

    Parameters
    ----------
    target : Path
        A catalog; may be in use.
    source : Path
        Another copy, which may be older or newer; it is not changed.
    verify : callable
        Checks a signature of the log.

    Returns
    -------
    tuple of str
        The rows that were put right: table and name, for the log its number.

    Raises
    ------
    CatalogError
        If one of them cannot be read, or the target not be written; CatalogDamaged if one is
        a link or has a name elsewhere, which would be written too.
    """
    refuse_links(target)
    try:
        with (
            translated_errors(target),
            closing(_opened(target)) as connection,
            with_other(connection, source),
            connection,
        ):
            return _mend(connection, verify)
    except (ArithmeticError, LookupError, TypeError, ValueError) as error:
        if isinstance(error, CatalogError):
            raise
        raise CatalogDamaged(
            f"the rows of {target} cannot be compared with those of {source}: a value in one of "
            "them has another type than it was written with; restore the catalog from a backup"
        ) from error


def unlike_rows(path: Path, facts: Mapping[str, Values]) -> list[str]:
    """Return the rows that are gone from a catalog, or are not what the log states.

    Parameters
    ----------
    path : Path
        A catalog; it is not changed.
    facts : mapping
        Table and name of each row -> the values that the log states.

    Raises
    ------
    CatalogError
        If the catalog cannot be read.
    """
    refuse_links(path)
    unlike = []
    with translated_errors(path), closing(_opened(path)) as connection:
        for table in PROTECTED:
            query = f"SELECT {name_sql(table)} AS row_name, * FROM main.{table}"  # noqa: S608
            found = {f"{table} {row['row_name']}": row for row in connection.execute(query)}
            for name, values in facts.items():
                if name.split(" ")[0] == table and not (
                    name in found and _is_as_stated(found[name], values)
                ):
                    unlike.append(name)
    return unlike


def enter_rows(target: Path, rows: Mapping[str, Values], seq: int) -> tuple[str, ...]:
    """Write rows that a catalog lacks or has otherwise by the values that the log states.

    Parameters
    ----------
    target : Path
        A catalog; may be in use.
    rows : mapping
        Table and name of each row -> its values. A long one, of which the log has the hash
        alone, is taken from the row that is there; without it the row is left as it is.
    seq : int
        Up to which row of the log the values were read: a row that was stated since is left.

    Returns
    -------
    tuple of str
        The rows that were written.

    Raises
    ------
    CatalogError
        If the catalog cannot be read or written.
    """
    refuse_links(target)
    entered = []
    with translated_errors(target), closing(_opened(target)) as connection, connection:
        connection.execute("BEGIN IMMEDIATE")
        for table in PROTECTED:
            for name in sorted(name for name in rows if name.split(" ")[0] == table):
                if not _is_stated_after(connection, name, seq) and _enter(
                    connection, table, name, rows[name]
                ):
                    entered.append(name)
    return tuple(entered)


def _is_stated_after(connection: sqlite3.Connection, name: str, seq: int) -> bool:
    found = connection.execute(
        "SELECT 1 FROM main.audit WHERE seq > ? AND instr(facts, ?) > 0", (seq, f'"{name}":')
    )
    return found.fetchone() is not None


def _enter(connection: sqlite3.Connection, table: str, name: str, values: Values) -> bool:
    """Write one row; False if it cannot be known, or does not fit what is there."""
    present = connection.execute(
        f"SELECT rowid AS row_number, * FROM main.{table} WHERE {name_sql(table)} = ?",  # noqa: S608
        (name.partition(" ")[2],),
    ).fetchone() or _misnamed(connection, table, values)
    row = _completed(connection, table, values, present)
    if row is None:
        return False
    if present is not None:
        with suppress(sqlite3.IntegrityError):
            _write(connection, table, row | {"row_number": present["row_number"]})
            return True
        return False
    if "rowid" in PROTECTED[table]:
        row["rowid"] = int(name.rpartition(" ")[2])
    places = ", ".join("?" * len(row))
    done = connection.execute(
        f"INSERT OR IGNORE INTO main.{table} ({', '.join(row)}) VALUES ({places})",  # noqa: S608
        tuple(row.values()),
    )
    return done.rowcount > 0


def _misnamed(connection: sqlite3.Connection, table: str, values: Values) -> sqlite3.Row | None:
    """Return the row with the values of one that is gone, under a name that is no valid text."""
    unnamed = {name: value for name, value in values.items() if name not in PROTECTED[table]}
    rows = connection.execute(
        f"SELECT rowid AS row_number, {name_sql(table)} AS row_name, * FROM main.{table}"  # noqa: S608
    )
    return next(
        (row for row in rows if _NO_TEXT in str(row["row_name"]) and _is_as_stated(row, unnamed)),
        None,
    )


def _completed(
    connection: sqlite3.Connection, table: str, values: Values, present: sqlite3.Row | None
) -> dict[str, object] | None:
    """Return every column of a row as it is stored; None if one is known by its hash alone."""
    columns = connection.execute(f"PRAGMA main.table_info({table})").fetchall()
    row: dict[str, object] = {}
    for column, kind in ((str(each["name"]), str(each["type"])) for each in columns):
        stated = values.get(column)
        if column in values and not str(stated).startswith("sha256:"):
            row[column] = _as_stored(stated, kind)
        elif present is None or stated_value(present[column]) != stated:
            return None
        else:
            row[column] = present[column]
    return row if set(values) <= set(row) else None


def _as_stored(value: object, kind: str) -> object:
    return bytes.fromhex(str(value)) if kind == "BLOB" and value is not None else value


def _mend(connection: sqlite3.Connection, verify: Verifier) -> tuple[str, ...]:
    if _version(connection, "main") != _version(connection, "other"):
        return ()
    _refuse_views(connection)
    # nothing is stated by another process between what is compared and what is written
    connection.execute("BEGIN IMMEDIATE")
    keys = _verify_keys(connection)
    found = list(_wrong_log_rows(connection, keys, verify))
    for _, row in found:
        _write(connection, "audit", row)
    mended = [name for name, _ in found]
    for table in PROTECTED:
        for name, row in list(_wrong_rows(connection, table)):
            _write(connection, table, row)
            mended.append(name)
    return tuple(mended)


def _opened(path: Path) -> sqlite3.Connection:
    connection = sqlite3.connect(
        f"file:{quote(str(path.absolute()))}?mode=rw", uri=True, timeout=_BUSY_TIMEOUT_SECONDS
    )
    connection.row_factory = sqlite3.Row
    connection.text_factory = decode_text
    connection.execute("PRAGMA trusted_schema = OFF")
    return connection


def _version(connection: sqlite3.Connection, schema: str) -> int:
    return int(connection.execute(f"PRAGMA {schema}.user_version").fetchone()[0])


def _refuse_views(connection: sqlite3.Connection) -> None:
    """Raise unless all that is compared is a table; a view has no rows of its own."""
    for schema in ("main", "other"):
        views = connection.execute(
            f"SELECT name FROM {schema}.sqlite_schema WHERE type = 'view'"  # noqa: S608 - one of two
        ).fetchall()
        if views:
            raise TypeError("there is a view in place of a table")


def _verify_keys(connection: sqlite3.Connection) -> list[bytes]:
    """Return what checks the signatures of anybody, by either copy."""
    recovery = RECOVERY_VERIFY_KEY.partition(" ")[2]
    keys: list[bytes] = []
    for schema in ("main", "other"):
        users = connection.execute(
            f"SELECT verify_key FROM {schema}.users"  # noqa: S608 - one of two names
        )
        keys += [row[0] for row in users.fetchall() if isinstance(row[0], bytes)]
        settings = connection.execute(
            f"SELECT value FROM {schema}.settings WHERE name = ?",  # noqa: S608 - one of two names
            (recovery,),
        )
        keys += [bytes.fromhex(str(row[0])) for row in settings.fetchall() if _is_hex(row[0])]
    return [key for key in keys if key]


def _is_hex(text: object) -> bool:
    try:
        bytes.fromhex(str(text))
    except ValueError:
        return False
    return True


def _differing(connection: sqlite3.Connection, table: str) -> list[sqlite3.Row]:
    """Return the other copy's rows of a table that are not the same here, with their number."""
    columns = [row["name"] for row in connection.execute(f"PRAGMA main.table_info({table})")]
    ours, theirs = (", ".join(f"{side}.{name}" for name in columns) for side in ("m", "o"))
    return connection.execute(
        f"SELECT o.rowid AS row_number, o.* FROM other.{table} o LEFT JOIN main.{table} m "  # noqa: S608
        f"ON m.rowid = o.rowid WHERE ({theirs}) IS NOT ({ours})"
    ).fetchall()


def _wrong_log_rows(
    connection: sqlite3.Connection, keys: Sequence[bytes], verify: Verifier
) -> Iterator[tuple[str, sqlite3.Row]]:
    head = connection.execute("SELECT max(seq) FROM main.audit").fetchone()[0] or 0
    for row in _differing(connection, "audit"):
        if row["seq"] < head and _is_right_log_row(connection, row, keys, verify):
            yield f"audit {row['seq']}", row


def _is_right_log_row(
    connection: sqlite3.Connection, row: sqlite3.Row, keys: Sequence[bytes], verify: Verifier
) -> bool:
    """Return whether a row of the log is the one that the next row here follows, and signed."""
    try:
        [record] = fetch(AuditRow, [row])
    except CatalogDamaged:
        return False
    following = connection.execute(
        "SELECT previous_hash FROM main.audit WHERE seq = ?", (record.seq + 1,)
    ).fetchone()
    follows = following is not None and following[0] == record.hash
    signed = any(verify(key, record.signature, record.hash) for key in keys)
    signed = signed or is_unsigned_by_right(record)
    return follows and signed and hash_row(record) == record.hash


def _wrong_rows(connection: sqlite3.Connection, table: str) -> Iterator[tuple[str, sqlite3.Row]]:
    """Yield the other copy's rows that are what the log states, where those here are not."""
    for row in _differing(connection, table):
        name = _name_of(connection, table, row["row_number"])
        stated = _stated(connection, name)
        if stated is not None and _is_as_stated(row, stated):
            ours = connection.execute(
                f"SELECT * FROM main.{table} WHERE {name_sql(table)} = ?",  # noqa: S608
                (name.partition(" ")[2],),
            ).fetchone()
            if ours is None or not _is_as_stated(ours, stated):
                yield name, row


def _name_of(connection: sqlite3.Connection, table: str, number: int) -> str:
    found = connection.execute(
        f"SELECT {name_sql(table)} FROM other.{table} WHERE rowid = ?",  # noqa: S608
        (number,),
    ).fetchone()
    return f"{table} {found[0]}"


def _stated(connection: sqlite3.Connection, name: str) -> Values | None:
    """Return the newest statement about a row; None if there is none, or it was removed."""
    found = connection.execute(
        "SELECT * FROM main.audit WHERE instr(facts, ?) > 0 ORDER BY seq DESC LIMIT 1",
        (f'"{name}":',),
    ).fetchone()
    if found is None:
        return None
    [record] = fetch(AuditRow, [found])
    return read_facts(record.facts).get(name) if hash_row(record) == record.hash else None


def _is_as_stated(row: sqlite3.Row, stated: Values) -> bool:
    found = described_row(row)
    return all(found.get(column) == value for column, value in stated.items())


def _write(
    connection: sqlite3.Connection, table: str, row: sqlite3.Row | Mapping[str, object]
) -> None:
    """Replace the row of the same number."""
    names = [name for name in row.keys() if name != "row_number"]  # noqa: SIM118
    values = [row[name] for name in names]
    number = row["row_number"]
    is_there = connection.execute(
        f"SELECT 1 FROM main.{table} WHERE rowid = ?",  # noqa: S608
        (number,),
    ).fetchone()
    if is_there and table not in ("audit", "corrections", "moment_decisions"):
        places = ", ".join(f"{name} = ?" for name in names)
        connection.execute(
            f"UPDATE main.{table} SET {places} WHERE rowid = ?",  # noqa: S608
            (*values, number),
        )
        return
    # rows of these are never changed by an UPDATE, a trigger forbids it
    places = ", ".join("?" * (len(names) + 1))
    connection.execute(
        f"INSERT OR REPLACE INTO main.{table} (rowid, {', '.join(names)}) "  # noqa: S608
        f"VALUES ({places})",
        (number, *values),
    )
