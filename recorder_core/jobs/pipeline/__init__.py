"""Frames between a video and what is made of them: four threads, one budget, ten timed stages."""

from __future__ import annotations

__all__: list[str] = []
