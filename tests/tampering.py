"""Edits of a catalog as somebody with the file would make them, past the program's triggers."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

__all__ = ["edited_catalog"]


@contextmanager
def edited_catalog(path: Path) -> Iterator[sqlite3.Connection]:
    """Give a connection without triggers; they are as they were afterwards."""
    with closing(sqlite3.connect(path, isolation_level=None)) as connection:
        found = connection.execute("SELECT name, sql FROM sqlite_schema WHERE type = 'trigger'")
        triggers = found.fetchall()
        for name, _ in triggers:
            connection.execute(f"DROP TRIGGER {name}")
        try:
            yield connection
        finally:
            for _, statement in triggers:
                connection.execute(statement)
