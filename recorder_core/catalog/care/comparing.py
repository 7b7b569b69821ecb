"""What two catalogs are to each other: by their audit logs, and row by row."""

from __future__ import annotations

import sqlite3
from pathlib import Path
from typing import Final, Literal

from recorder_core.catalog.audit.anchors import EMPTY_HEAD
from recorder_core.catalog.audit.chain import ACCEPT_BREAK, after_query, find_faults
from recorder_core.catalog.care.checks import (
    holds_head,
    newest_head,
    reading_catalog,
    with_other,
)

__all__ = [
    "Relation",
    "compare_catalogs",
    "has_other_rows",
    "has_other_signatures",
    "is_accepted_fault",
]

#: of a copy beside another: the same log, a continuation of it, a beginning of it, or neither
Relation = Literal["same", "newer", "older", "split"]
#: tables that say who may do what, and what becomes of an event; small ones
_DECIDING: Final = (
    "settings",
    "users",
    "retention_rules",
    "events",
    "event_states",
    "reviews",
    "sign_offs",
    "grants",
)


def compare_catalogs(path: Path, other: Path) -> Relation:
    """Return what one catalog is to another, by their audit logs.

    Parameters
    ----------
    path, other : Path
        Two catalogs; neither is changed. The second is read first: what a third process adds
        to it meanwhile cannot make it look newer than it is.

    Raises
    ------
    CatalogError
        If one of them cannot be read.
    """
    with reading_catalog(other) as connection:
        others = newest_head(connection)
    with reading_catalog(path) as connection:
        ours = newest_head(connection)
        if holds_head(connection, others):
            return "same" if ours == others else "newer"
    with reading_catalog(other) as connection:
        return "older" if holds_head(connection, ours) else "split"


def has_other_rows(path: Path, other: Path) -> bool:
    """Return whether two catalogs with the same log differ in a row that decides something.

    Which of them is right the log says.

    Parameters
    ----------
    path, other : Path
        Two catalogs; neither is changed.

    Raises
    ------
    CatalogError
        If one of them cannot be read.
    """
    with reading_catalog(path) as connection, with_other(connection, other):
        newest = "SELECT seq, hash FROM {}.audit ORDER BY seq DESC LIMIT 1"
        heads = [connection.execute(newest.format(name)).fetchone() for name in ("main", "other")]
        return heads[0] == heads[1] and any(
            connection.execute(
                f"SELECT 1 FROM (SELECT rowid, * FROM {one}.{table} EXCEPT "  # noqa: S608 - constants
                f"SELECT rowid, * FROM {another}.{table}) LIMIT 1"
            ).fetchone()
            for table in _DECIDING
            for one, another in (("main", "other"), ("other", "main"))
        )


def has_other_signatures(path: Path, other: Path) -> bool:
    """Return whether a row that is in the logs of two catalogs bears another signature in one.

    The signature of a row is not part of its hash: a chain that is whole says nothing of it.

    Parameters
    ----------
    path, other : Path
        Two catalogs; neither is changed.

    Raises
    ------
    CatalogError
        If one of them cannot be read.
    """
    with reading_catalog(path) as connection, with_other(connection, other):
        return (
            connection.execute(
                "SELECT 1 FROM main.audit ours JOIN other.audit theirs USING (seq) "
                "WHERE ours.hash = theirs.hash AND ours.signature IS NOT theirs.signature LIMIT 1"
            ).fetchone()
            is not None
        )


def is_accepted_fault(path: Path, other: Path) -> bool:
    """Return whether all that is wrong with a log was accepted, and is the same in another.

    Then the other has nothing in its place that is right.

    Parameters
    ----------
    path, other : Path
        Two catalogs; neither is changed.

    Raises
    ------
    CatalogError
        If one of them cannot be read.
    """
    with reading_catalog(other) as others, reading_catalog(path) as connection:
        newest = connection.execute(
            "SELECT max(seq) FROM audit WHERE action = ? AND outcome = 'done'", (ACCEPT_BREAK,)
        )
        accepted = newest.fetchone()[0] or 0
        rows = connection.execute(after_query(), (EMPTY_HEAD.seq,))
        return all(
            fault.stop <= accepted and _rows(connection, fault) == _rows(others, fault)
            for fault in find_faults(rows, EMPTY_HEAD)
        )


def _rows(connection: sqlite3.Connection, numbers: range) -> list[tuple[object, ...]]:
    found = connection.execute(
        "SELECT * FROM audit WHERE seq >= ? AND seq < ? ORDER BY seq", (numbers.start, numbers.stop)
    )
    return [tuple(row) for row in found]
