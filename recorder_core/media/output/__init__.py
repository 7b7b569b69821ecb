"""Whole files from encoded pieces: joined, remuxed, and compared with their source."""

from __future__ import annotations

__all__: list[str] = []
