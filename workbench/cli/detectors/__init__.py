"""Commands that train and measure detectors."""

from __future__ import annotations

__all__: list[str] = []
