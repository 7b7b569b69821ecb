"""What the simulated cameras and screens show."""

from __future__ import annotations

__all__: list[str] = []
