"""Corrections of a copy that exists: checked, and rendered where they change something."""

from __future__ import annotations

__all__: list[str] = []
