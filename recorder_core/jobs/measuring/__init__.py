"""Measure detections and copies against true faces."""

from __future__ import annotations

__all__: list[str] = []
