"""Where an archive lies: its folders, their catalogs and locks."""

from __future__ import annotations

__all__: list[str] = []
