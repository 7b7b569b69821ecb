"""How a job tells how far it is, and what the result will not keep."""

from __future__ import annotations

from collections.abc import Callable

__all__ = ["Progress", "Say", "no_progress", "say_nothing"]

#: called with the number of finished frames and of all frames, or of MiB or files
Progress = Callable[[int, int], None]
#: called with each sentence about what the result will not keep
Say = Callable[[str], None]


def no_progress(done: int, total: int) -> None:
    """Show nothing."""


def say_nothing(sentence: str) -> None:
    """Ignore a sentence that nobody wants to read."""
