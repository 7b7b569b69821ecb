"""What happens to an event, from its recording to its deletion."""

from __future__ import annotations

__all__: list[str] = []
