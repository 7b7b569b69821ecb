"""Commands on sets of labelled pictures."""

from __future__ import annotations

__all__: list[str] = []
