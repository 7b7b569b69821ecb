"""What the simulation draws with: arrays, noise, cut-out pictures, letters."""

from __future__ import annotations

__all__: list[str] = []
