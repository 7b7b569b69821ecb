"""What a container says of its streams, before anything is decoded."""

from __future__ import annotations

__all__: list[str] = []
