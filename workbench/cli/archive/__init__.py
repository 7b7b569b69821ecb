"""Commands on an archive, its people and its keys."""

from __future__ import annotations

__all__: list[str] = []
