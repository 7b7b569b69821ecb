"""When the frames of a composite are: one every tick of the room's clock, none stretched."""

from __future__ import annotations

import math
from dataclasses import dataclass
from fractions import Fraction

from recorder_core.model import EventClock

__all__ = ["Ticks"]


@dataclass(frozen=True, slots=True)
class Ticks:
    """The ticks of a recording; tick 0 is second 0 of its room. They are the pts of frames.

    Attributes
    ----------
    clock : EventClock
        Of the room: it counts from when the first frame is composed.
    rate : Fraction
        Ticks per second.
    """

    clock: EventClock
    rate: Fraction

    def room_seconds(self, tick: int) -> float:
        """Return when a tick is, by the room's clock."""
        return float(tick / self.rate)

    def seconds(self, tick: int) -> float:
        """Return when a tick is, by `time.monotonic`."""
        return self.clock.zero_monotonic_seconds + float(tick / self.rate)

    def tick_at(self, seconds: float) -> int:
        """Return the first tick that is not before a time of `time.monotonic`; 0 before the start.

        A rounding error of a microsecond makes no tick.
        """
        passed = self.clock.seconds(seconds)
        return max(0, math.ceil(round(passed * float(self.rate), 5)))
