"""Settings of the archive that this catalog belongs to, as codes."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from recorder_core.catalog.database.connection import Database

__all__ = ["HAS_MIRROR", "REVIEWERS_NEEDED", "Settings"]

#: setting that says whether there is a mirror
HAS_MIRROR: Final = "has_mirror"
#: setting that says how many different reviewers sign a copy off before it is released
REVIEWERS_NEEDED: Final = "reviewers_needed"


class Settings:
    """Named texts; a change of one is stated in the audit log like any other row.

    Parameters
    ----------
    database : Database
        Migrated.
    """

    def __init__(self, database: Database) -> None:
        self._database = database

    def all(self) -> dict[str, str]:
        """Return every setting by name."""
        rows = self._database.read("SELECT name, value FROM settings ORDER BY name")
        return {str(row["name"]): str(row["value"]) for row in rows}

    def put(self, values: Mapping[str, str]) -> None:
        """Store settings, in place of earlier ones of the same names."""
        with self._database.write() as connection:
            connection.executemany(
                "INSERT OR REPLACE INTO settings (name, value) VALUES (?, ?)", values.items()
            )
