"""Picture files: found, painted, written, searched again, reported."""

from __future__ import annotations

__all__: list[str] = []
