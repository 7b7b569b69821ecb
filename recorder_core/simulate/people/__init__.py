"""The people of the simulation: their faces, heads and bodies, and how they move."""

from __future__ import annotations

__all__: list[str] = []
