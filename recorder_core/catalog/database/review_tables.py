"""The table of sign-offs: a named function of the list of migrations."""

from __future__ import annotations

import sqlite3

__all__ = ["create_sign_offs"]


def create_sign_offs(connection: sqlite3.Connection) -> None:
    """Who signed off the present copy of an event; of earlier releases the review says it."""
    connection.execute(
        """CREATE TABLE sign_offs (
            event_id TEXT NOT NULL REFERENCES events,
            reviewer TEXT NOT NULL,
            copy_id TEXT NOT NULL,
            signed_utc TEXT NOT NULL,
            PRIMARY KEY (event_id, reviewer)
        ) STRICT"""
    )
