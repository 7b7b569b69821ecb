"""Training pictures from reviewed recordings, and how training sees them."""

from __future__ import annotations

__all__: list[str] = []
