"""The PDF report of an event."""

from __future__ import annotations

__all__: list[str] = []
