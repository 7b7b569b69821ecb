"""Audio streams: what becomes of each, its gaps, its packets."""

from __future__ import annotations

__all__: list[str] = []
