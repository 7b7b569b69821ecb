"""How values are checked, read from JSON, and shown; the clock of an event."""

from __future__ import annotations

__all__: list[str] = []
