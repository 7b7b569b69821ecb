"""Live sources: frames, sound, signals and switches, each stamped when it arrives."""

from __future__ import annotations

__all__: list[str] = []
