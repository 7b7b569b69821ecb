"""One training run: batches, the loop, checkpoints, and what it made better."""

from __future__ import annotations

__all__: list[str] = []
