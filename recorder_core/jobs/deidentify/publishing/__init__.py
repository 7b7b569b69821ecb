"""From pieces to a copy under its name: assembled, verified, with what lies beside it."""

from __future__ import annotations

__all__: list[str] = []
