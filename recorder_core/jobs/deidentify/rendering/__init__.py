"""Render a video as segments: as a whole, or only the closed GOPs that changed."""

from __future__ import annotations

__all__: list[str] = []
