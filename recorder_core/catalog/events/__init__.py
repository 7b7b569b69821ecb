"""What belongs to events, from recording to retention."""

from __future__ import annotations

__all__: list[str] = []
