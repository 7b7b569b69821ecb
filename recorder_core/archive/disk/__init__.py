"""What survives a power cut: small files, the room kept for them, buffers and threads of copies."""

from __future__ import annotations

__all__: list[str] = []
