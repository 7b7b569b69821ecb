"""Mirror, backup, restore, audit: what keeps an archive whole."""

from __future__ import annotations

__all__: list[str] = []
