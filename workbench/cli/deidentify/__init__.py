"""Commands on videos and pictures that are in no archive."""

from __future__ import annotations

__all__: list[str] = []
