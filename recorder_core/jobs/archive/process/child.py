"""What a process does before and after it is handed a person's key."""

from __future__ import annotations

import os
from typing import Final

from recorder_core.archive.secrets.no_dumps import forbid_memory_dumps

__all__ = ["READY", "close_pipes", "say_ready"]

#: what a process says once keys are safe with it
READY: Final = b"R"
_STANDARD_OUTPUT: Final = 1


def say_ready() -> None:
    """Make this process undumpable, and say so to the one that started it."""
    forbid_memory_dumps()
    os.write(_STANDARD_OUTPUT, READY)


def close_pipes() -> None:
    """Close the pipes to the process that started this one: it may be gone."""
    nothing = os.open(os.devnull, os.O_RDWR)
    for number in (0, 1, 2):
        os.dup2(nothing, number)
    os.close(nothing)
