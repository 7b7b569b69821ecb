"""The one clock of an event: which instant its second 0 is."""

from __future__ import annotations

import math
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from recorder_core.errors import SettingsError

__all__ = ["EventClock"]


def _utc_now() -> datetime:
    return datetime.now(UTC)


@dataclass(frozen=True, slots=True)
class EventClock:
    """The instant that is second 0 of an event, by both clocks of this machine.

    Second 0 is when the first frame of the event's video is shown. From there everything of the
    event counts, by CLOCK_MONOTONIC (`time.monotonic`), which nobody sets: capture stamps and
    frames, detections, signals, markers, screenshots, commands, and the duration. A recorder makes
    this clock once, shows its first frame at the zero, black where no source has given one yet, and
    gives the clock to `record_event`. The wall time is asked at the zero, and once more at the end,
    to see whether it was set meanwhile.

    Attributes
    ----------
    zero_monotonic_seconds : float
        Second 0 by CLOCK_MONOTONIC.
    zero_utc : datetime
        The wall time at that instant, with its time zone.

    Raises
    ------
    SettingsError
        If the one is no number, or the other has no time zone.
    """

    zero_monotonic_seconds: float
    zero_utc: datetime

    def __post_init__(self) -> None:
        if not math.isfinite(self.zero_monotonic_seconds):
            raise SettingsError(
                f"an event cannot begin at {self.zero_monotonic_seconds} s; give what "
                "time.monotonic() says"
            )
        if self.zero_utc.tzinfo is None:
            raise SettingsError("the start of an event has no time zone; give it in UTC")

    @classmethod
    def now(cls, utc: Callable[[], datetime] = _utc_now) -> EventClock:
        """Return a clock whose zero is this moment.

        Parameters
        ----------
        utc : callable, optional
            Gives the wall time, with its time zone.
        """
        return cls(time.monotonic(), utc())

    def seconds(self, monotonic_seconds: float) -> float:
        """Return which second of the event a time of CLOCK_MONOTONIC is; negative before its zero.

        Parameters
        ----------
        monotonic_seconds : float
            From `time.monotonic`, or a stamp of the same clock.
        """
        return monotonic_seconds - self.zero_monotonic_seconds

    def utc(self, seconds: float) -> datetime:
        """Return the wall time at a second of the event, were the wall clock not set meanwhile."""
        return self.zero_utc + timedelta(seconds=seconds)
