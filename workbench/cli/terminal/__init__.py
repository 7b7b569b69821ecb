"""What a person sees: lines, tables, how far the work is."""

from __future__ import annotations

__all__: list[str] = []
