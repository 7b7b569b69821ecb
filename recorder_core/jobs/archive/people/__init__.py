"""Users, their keys, and what is given to them."""

from __future__ import annotations

__all__: list[str] = []
