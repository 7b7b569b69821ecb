"""Whether each piece of a file follows the one before: FFmpeg passes over a hole in silence."""

from __future__ import annotations

__all__: list[str] = []
