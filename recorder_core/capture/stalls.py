"""How long this process was kept from running."""

from __future__ import annotations

from typing import Final

__all__ = ["Stalls"]

#: who waits wakes up later by so much on a machine that keeps up, too
_USUAL_SECONDS: Final = 0.1


class Stalls:
    """Adds up by how much a thread that waits again and again woke up too late.

    Attributes
    ----------
    seconds : float
        Of the whole process, which did not run or could not go on, as of the last time it woke up.
    """

    def __init__(self) -> None:
        self.seconds = 0.0

    def note(self, asked_seconds: float, waited_seconds: float) -> None:
        """Note how long a thread wanted to wait at most, and how long it took until it went on."""
        late = waited_seconds - asked_seconds
        if late > _USUAL_SECONDS:
            self.seconds += late
