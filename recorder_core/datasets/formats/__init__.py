"""The file formats of data sets, each read and written, and what they share."""

from __future__ import annotations

__all__: list[str] = []
