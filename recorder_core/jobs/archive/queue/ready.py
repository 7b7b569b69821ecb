"""What the process of a job says once keys are safe with it."""

from __future__ import annotations

from typing import Final

__all__ = ["READY"]

READY: Final = b"R"
