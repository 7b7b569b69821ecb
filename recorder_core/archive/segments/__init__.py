"""The segment stream and its tail: how content is sealed, byte by byte."""

from __future__ import annotations

__all__: list[str] = []
