"""De-identified copies: made, added, exported."""

from __future__ import annotations

__all__: list[str] = []
