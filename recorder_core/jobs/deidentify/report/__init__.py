"""The report beside a copy: what it holds, what it warns of, how it is printed."""

from __future__ import annotations

__all__: list[str] = []
