"""Decoded frames: their planes, in RGB, and as pictures."""

from __future__ import annotations

__all__: list[str] = []
