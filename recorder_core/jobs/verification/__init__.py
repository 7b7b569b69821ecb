"""Another, independent look at a finished copy: what it still shows, and what it may show."""

from __future__ import annotations

__all__: list[str] = []
