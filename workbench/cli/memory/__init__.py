"""Memory of a command: what ran out, and blocks that leave no holes."""

from __future__ import annotations

__all__: list[str] = []
