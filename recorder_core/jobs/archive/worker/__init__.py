"""The process of one job: it waits for its turn, works as who asked for it, and ends."""

from __future__ import annotations

__all__: list[str] = []
