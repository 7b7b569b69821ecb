"""Where an event begins on the clock of its room.

The clock of a room counts from when its sources were opened, and everything that captures keeps to
it. An event begins with one of the frames, maybe one that was held before anybody began it: what is
entered into the event counts from that frame.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace

from recorder_core.jobs.record.gaps import Gap
from recorder_core.jobs.record.ticks import Ticks
from recorder_core.model import EventClock

__all__ = ["EventTime"]


@dataclass(frozen=True, slots=True)
class EventTime:
    """The times of an event.

    Attributes
    ----------
    ticks : Ticks
        Of the room.
    first_tick : int
        Of the frame that is second 0 of the event.
    first_index : int
        How many frames of the composite were before it.
    """

    ticks: Ticks
    first_tick: int = 0
    first_index: int = 0

    @property
    def zero_seconds(self) -> float:
        """Second 0 of the event, by the room's clock."""
        return self.ticks.room_seconds(self.first_tick)

    def clock(self) -> EventClock:
        """Return the clock of the event; the wall time is asked now, not when the room opened."""
        now, zero = EventClock.now(), self.ticks.seconds(self.first_tick)
        return EventClock(zero, now.utc(now.seconds(zero)))

    def seconds(self, room_seconds: float) -> float:
        """Return which second of the event one of the room's clock is; negative before it."""
        return room_seconds - self.zero_seconds

    def span(self, span: tuple[float, float]) -> tuple[float, float] | None:
        """Return the part of a span that lies in the event, by its clock; None where none does."""
        start, stop = (self.seconds(each) for each in span)
        return (max(start, 0.0), stop) if stop > 0 or start >= 0 else None

    def gaps(self, gaps: Iterable[Gap]) -> list[Gap]:
        """Return the parts of gaps that lie in the event, by its clock."""
        found = []
        for gap in gaps:
            if (span := self.span((gap.start_seconds, gap.stop_seconds))) is not None:
                found.append(replace(gap, start_seconds=span[0], stop_seconds=span[1]))
        return found
