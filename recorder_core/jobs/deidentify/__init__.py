"""De-identify videos and pictures, correct the copies, and report what was done."""

from __future__ import annotations

__all__: list[str] = []
