"""Who is signed in, and what of the catalog can be believed."""

from __future__ import annotations

__all__: list[str] = []
