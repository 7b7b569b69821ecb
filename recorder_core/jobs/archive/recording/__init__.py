"""Recording an event, and saving what was cut off: one class for each kind that is recorded."""

from __future__ import annotations

__all__: list[str] = []
