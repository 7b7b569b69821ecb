"""The queue of long jobs: who asked for what, which process does it, how far it is."""

from __future__ import annotations

__all__: list[str] = []
