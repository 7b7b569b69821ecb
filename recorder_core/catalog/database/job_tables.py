"""What the table of jobs gained later: a named function of the list of migrations."""

from __future__ import annotations

import sqlite3

__all__ = ["keep_job_results"]


def keep_job_results(connection: sqlite3.Connection) -> None:
    """Add what a job found that a person should know."""
    connection.execute("ALTER TABLE jobs ADD COLUMN result TEXT NOT NULL DEFAULT '{}'")
