"""Secrets in memory, and what is wrapped under keys and passwords."""

from __future__ import annotations

__all__: list[str] = []
