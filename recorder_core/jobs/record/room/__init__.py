"""What a room is: its file, its settings and its sources; docs/recorder.md."""

from __future__ import annotations

__all__: list[str] = []
