"""Arguments that several commands have, and what they are turned into."""

from __future__ import annotations

__all__: list[str] = []
