"""Copies of a catalog, compared, checked and mended."""

from __future__ import annotations

__all__: list[str] = []
