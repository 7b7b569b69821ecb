"""A person's corrections to an event's copy: recorded, taken back, rendered (docs/archive.md)."""

from __future__ import annotations

__all__: list[str] = []
