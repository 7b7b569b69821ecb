"""Between dataclasses and table rows: field names are column names.

Times become UTC text that sorts, booleans become 0 and 1, keyframes become JSON.
Table and column names come from the dataclasses in the code, never from a caller.
"""

from __future__ import annotations

import dataclasses
import json
import sqlite3
from collections.abc import Iterable, Mapping
from contextlib import suppress
from datetime import datetime
from enum import Enum
from functools import cache, partial
from types import NoneType, UnionType
from typing import Any, Final, Literal, TypeVar, cast, get_args, get_origin, get_type_hints

from recorder_core.catalog.model.codes import parse_utc, utc_text
from recorder_core.catalog.model.life import EventState
from recorder_core.catalog.model.profiles import Profile
from recorder_core.errors import CatalogDamaged, CatalogError
from recorder_core.model.values.json_text import parse_json

__all__ = ["Record", "column_value", "decode_text", "fetch", "fetch_sound", "insert", "insert_sql"]

Record = TypeVar("Record")
#: how text is read from a catalog: one that is damaged is another text than the log states, and
#: is found and put right like any other value
decode_text: Final = partial(str, encoding="utf-8", errors="replace")


def column_value(value: object) -> object:
    """Return a field's value as SQLite stores it."""
    if isinstance(value, datetime):
        return utc_text(value)
    if isinstance(value, bool):
        return int(value)
    if isinstance(value, Enum):
        return value.value
    if isinstance(value, tuple):
        return json.dumps(value, separators=(",", ":"))
    return value


def insert_sql(table: str, columns: Iterable[str], *, replace: bool = False) -> str:
    """Return the INSERT statement for `columns` of `table`, both names from the code."""
    names = list(columns)
    verb = "INSERT OR REPLACE" if replace else "INSERT"
    places = ", ".join("?" * len(names))
    return f"{verb} INTO {table} ({', '.join(names)}) VALUES ({places})"


def insert(
    connection: sqlite3.Connection, table: str, record: Any, *, replace: bool = False
) -> None:
    """Store a dataclass as one row.

    Parameters
    ----------
    connection : sqlite3.Connection
        Inside a write transaction.
    table : str
        Table whose columns are the fields of `record`.
    record : dataclass instance
        What to store.
    replace : bool, default False
        Whether a row with the same primary key is replaced.
    """
    names = [field.name for field in dataclasses.fields(record)]
    values = [column_value(getattr(record, name)) for name in names]
    connection.execute(insert_sql(table, names, replace=replace), values)


def fetch(kind: type[Record], rows: Iterable[sqlite3.Row | Mapping[str, Any]]) -> list[Record]:
    """Return rows as dataclasses.

    Raises
    ------
    CatalogDamaged
        If a row holds what the dataclass cannot be.
    """
    return [_sound_record(kind, row) for row in rows]


def fetch_sound(kind: type[Record], rows: Iterable[sqlite3.Row]) -> list[Record]:
    """Return rows as dataclasses, without those that hold what the dataclass cannot be."""
    found = []
    for row in rows:
        with suppress(CatalogDamaged):
            found.append(_sound_record(kind, row))
    return found


def _sound_record(kind: type[Record], row: sqlite3.Row | Mapping[str, Any]) -> Record:
    try:
        return _record(kind, row)
    except (CatalogError, ValueError, TypeError, LookupError, OverflowError) as error:
        raise CatalogDamaged(
            f"a row of the catalog is damaged: it is not a valid {kind.__name__}; run 'workbench "
            "mirror repair', which writes it as the log states it, or restore a backup with "
            "'workbench archive restore'; if nobody can sign in, make an administrator with "
            "'workbench archive unlock' and the recovery words first"
        ) from error


def _record(kind: type[Record], row: sqlite3.Row | Mapping[str, Any]) -> Record:
    hints = _field_hints(cast(Any, kind))
    return kind(**{name: _field_value(hints[name], row[name]) for name in hints})


@cache
def _field_hints(kind: type[Any]) -> dict[str, Any]:
    hints = get_type_hints(kind)
    return {field.name: hints[field.name] for field in dataclasses.fields(kind)}


def _field_value(hint: Any, value: Any) -> Any:
    """Return a column's value as the field has it; raise if the column holds another type."""
    kind, is_optional = _kind_of(hint)
    if value is None:
        if not is_optional:
            raise TypeError("a value is missing")
        return None
    if isinstance(kind, tuple):
        if not isinstance(value, kind):
            raise TypeError("a value has another type")
        return value
    return kind(value)


@cache
def _kind_of(hint: Any) -> tuple[Any, bool]:
    """Return the types that a value has, or what converts it; and whether it may be missing."""
    kinds = set(get_args(hint)) if get_origin(hint) is UnionType else {hint}
    [kind] = kinds - {NoneType}
    is_optional = NoneType in kinds
    if kind is datetime:
        return parse_utc, is_optional
    if get_origin(kind) is tuple:
        return _parse_pairs, is_optional
    if kind in (bool, EventState, Profile):
        return kind, is_optional
    plain = {float: (int, float)}.get(kind, (str,) if get_origin(kind) is Literal else (kind,))
    return plain, is_optional


def _parse_pairs(text: str) -> tuple[Any, ...]:
    return tuple(tuple(item) for item in parse_json(text))
