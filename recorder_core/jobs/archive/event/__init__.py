"""One event of an open archive, as a notebook or a page reads it."""

from __future__ import annotations

__all__: list[str] = []
