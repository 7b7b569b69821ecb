"""De-identified copies: added, reviewed, released, exported."""

from __future__ import annotations

__all__: list[str] = []
