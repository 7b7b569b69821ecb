"""What the recorder draws itself: numbers, trends, event data, the clock, a lost signal."""

from __future__ import annotations

__all__: list[str] = []
