"""Names and notes of an event, for those whose key opens them."""

from __future__ import annotations

__all__: list[str] = []
