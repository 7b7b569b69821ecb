"""Who may open a file: key files, grants, the recovery key."""

from __future__ import annotations

__all__: list[str] = []
