"""Transport streams, packet by packet (ISO/IEC 13818-1)."""

from __future__ import annotations

__all__: list[str] = []
