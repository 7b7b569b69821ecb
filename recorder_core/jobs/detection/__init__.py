"""Faces and views found in videos and pictures; nothing is redacted."""

from __future__ import annotations

__all__: list[str] = []
