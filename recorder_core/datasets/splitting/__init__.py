"""Divide a data set so that every part has its share, and no picture is in two."""

from __future__ import annotations

__all__: list[str] = []
