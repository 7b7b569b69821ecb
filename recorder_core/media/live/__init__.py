"""Live inputs: devices, streams, files in real time, and test signals."""

from __future__ import annotations

__all__: list[str] = []
