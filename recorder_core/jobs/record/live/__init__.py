"""The view of the room, de-identified before anything of it is encoded; docs/recorder.md."""

from __future__ import annotations

__all__: list[str] = []
