"""Frames as data: their planes, colours, times, views and geometry."""

from __future__ import annotations

__all__: list[str] = []
