"""The table of the views of events: a named function of the list of migrations."""

from __future__ import annotations

import sqlite3

__all__ = ["create_event_views"]


def create_event_views(connection: sqlite3.Connection) -> None:
    """Where the room lies in the frames of an event; none for those that are there already."""
    connection.execute(
        """CREATE TABLE event_views (
            event_id TEXT NOT NULL REFERENCES events,
            name TEXT NOT NULL,
            x INTEGER NOT NULL,
            y INTEGER NOT NULL,
            width INTEGER NOT NULL,
            height INTEGER NOT NULL,
            author TEXT NOT NULL,
            created_utc TEXT NOT NULL,
            PRIMARY KEY (event_id, name)
        ) STRICT"""
    )
