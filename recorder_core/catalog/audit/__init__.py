"""The audit log: a chain of signed rows, and what they state of the catalog."""

from __future__ import annotations

__all__: list[str] = []
