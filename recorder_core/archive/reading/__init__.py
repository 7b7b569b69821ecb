"""Authenticated segments come out; what is damaged on one root is read from another."""

from __future__ import annotations

__all__: list[str] = []
