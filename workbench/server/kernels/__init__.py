"""Kernels of people: how each is started, for whom it runs, and what a page may send to it."""

from __future__ import annotations

__all__: list[str] = []
