"""Content goes in; authenticated segments lie on every root."""

from __future__ import annotations

__all__: list[str] = []
