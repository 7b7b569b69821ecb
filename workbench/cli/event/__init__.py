"""Commands on archived events."""

from __future__ import annotations

__all__: list[str] = []
