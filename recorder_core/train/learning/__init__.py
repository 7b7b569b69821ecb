"""How each family of detectors learns: targets and losses."""

from __future__ import annotations

__all__: list[str] = []
