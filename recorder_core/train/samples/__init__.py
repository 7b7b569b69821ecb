"""Training samples: views of photos and of synthetic rooms, and what stands in them."""

from __future__ import annotations

__all__: list[str] = []
