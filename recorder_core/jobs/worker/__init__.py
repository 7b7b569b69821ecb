"""The process of one job: it waits, works with the rights of the user who started it, and ends."""

from __future__ import annotations

__all__: list[str] = []
