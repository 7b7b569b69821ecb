"""Frames of a video, in order, one at a time, or at keyframes only."""

from __future__ import annotations

__all__: list[str] = []
