"""What the notebooks do and draw: their cells hold no logic."""

from __future__ import annotations

__all__: list[str] = []
