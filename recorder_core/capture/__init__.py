"""Live sources: whatever arrives from a device is stamped when it arrives."""

from __future__ import annotations

__all__: list[str] = []
