"""Encoders, their settings and quantizers, and the segments that they write."""

from __future__ import annotations

__all__: list[str] = []
