"""What the catalog is about, as data: records, codes, the life of an event, who may do what."""

from __future__ import annotations

__all__: list[str] = []
