"""Files as data: how they are named, and how those of an archive are opened."""

from __future__ import annotations

__all__: list[str] = []
