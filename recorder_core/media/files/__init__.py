"""Files: whole or not there at all, changed while they are read, locked for one run."""

from __future__ import annotations

__all__: list[str] = []
