"""How values are checked, read from JSON, and shown."""

from __future__ import annotations

__all__: list[str] = []
