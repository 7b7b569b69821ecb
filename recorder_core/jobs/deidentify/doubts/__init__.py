"""What of a copy a person should look at: measured in its tables and its settings."""

from __future__ import annotations

__all__: list[str] = []
