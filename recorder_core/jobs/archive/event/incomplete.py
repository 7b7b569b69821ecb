"""A recording without its end: one that is running, or one that a crash cut off."""

from __future__ import annotations

from dataclasses import dataclass

__all__ = ["Incomplete"]


@dataclass(frozen=True, slots=True)
class Incomplete:
    """How much of a recording is there so far.

    Attributes
    ----------
    is_running : bool
        Whether a process records it at this moment.
    seconds : float or None
        How many seconds of frames are authentic and can be played; None for a person
        whose key does not open the recording.
    """

    is_running: bool
    seconds: float | None

    @property
    def sentence(self) -> str:
        """What to tell a person."""
        what = "being recorded now" if self.is_running else "incomplete"
        return what if self.seconds is None else f"{what}, {self.seconds:.1f} seconds authentic"
