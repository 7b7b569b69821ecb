"""The sealed files of an event: stored, left over, led elsewhere by links."""

from __future__ import annotations

__all__: list[str] = []
