"""The SQLite file: its connection, its schema, and what was changed in its rows."""

from __future__ import annotations

__all__: list[str] = []
