"""What survives a power cut: small files, space kept for them, buffers, threads of copies."""

from __future__ import annotations

__all__: list[str] = []
