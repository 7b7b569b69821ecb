"""Which frames a video has, and when each is shown."""

from __future__ import annotations

__all__: list[str] = []
