"""Processes that work for a person: how each is started, gets the person's key, and is named."""

from __future__ import annotations

__all__: list[str] = []
