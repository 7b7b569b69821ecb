"""What an event's copy is corrected by, as the event itself reads it; see docs/archive.md."""

from __future__ import annotations

__all__: list[str] = []
