"""Files in which recordings were joined: where each begins, and which are damaged."""

from __future__ import annotations

__all__: list[str] = []
