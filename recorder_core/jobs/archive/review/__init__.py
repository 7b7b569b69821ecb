"""The review of a copy, up to its release."""

from __future__ import annotations

__all__: list[str] = []
