"""The recovery key and the statements that vouch for keys."""

from __future__ import annotations

__all__: list[str] = []
