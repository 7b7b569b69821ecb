"""Picture files: read as planes, read to be written again, and as video compression shows them."""

from __future__ import annotations

__all__: list[str] = []
