"""Faces as data: detections, redactions, corrections."""

from __future__ import annotations

__all__: list[str] = []
