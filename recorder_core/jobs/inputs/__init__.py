"""What a job is given: its source and its options."""

from __future__ import annotations

__all__: list[str] = []
