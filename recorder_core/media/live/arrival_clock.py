"""When things happened, by this machine's clock, from their time stamps and their arrival.

The time stamps of a source are evenly spaced, but its clock is not ours; what arrives is stamped by
our clock, but late, now more and now less. What came with the least delay tells how the two clocks
lie to each other: the lower envelope of the delays, followed slowly.
"""

from __future__ import annotations

from collections import deque
from typing import Final

__all__ = ["ArrivalClock"]

#: the least delay is that of so many seconds
_WINDOW_SECONDS: Final = 10.0
#: kept as the least of each of these
_BUCKET_SECONDS: Final = 0.5
#: how fast stamps may follow delays that grow: faster than any clock is off, slower than jitter
_MAX_SLOPE: Final = 0.002
#: a delay that stays longer by so much is no delay: the source's clock was set
_STEP_SECONDS: Final = 0.5
#: for so many seconds
_STEP_LASTS_SECONDS: Final = 2.0
#: stamps of one source are at least so far apart
_APART_SECONDS: Final = 1e-6


class ArrivalClock:
    """Gives each time stamp of a source its moment by `time.monotonic`."""

    def __init__(self) -> None:
        #: of each bucket: when it began, and the least delay in it
        self._buckets: deque[tuple[float, float]] = deque()
        self._offset: float | None = None
        self._arrived = 0.0
        self._last_stamp = float("-inf")

    def observe(self, pts_seconds: float, arrived_seconds: float) -> None:
        """Learn from something that arrived.

        Parameters
        ----------
        pts_seconds : float
            The last moment of what it holds, by the source's clock.
        arrived_seconds : float
            By `time.monotonic`; not less than before.
        """
        delay = arrived_seconds - pts_seconds
        if self._offset is None:
            self._begin(delay, arrived_seconds)
            return
        self._keep(delay, arrived_seconds)
        if self._is_step():
            self._begin(delay, arrived_seconds)
            return
        least = min(each for _, each in self._buckets)
        rise = _MAX_SLOPE * (arrived_seconds - self._arrived)
        self._offset = min(least, self._offset + rise)
        self._arrived = arrived_seconds

    def stamp(self, pts_seconds: float | None, arrived_seconds: float) -> float:
        """Return when something happened that arrives now; never later, and after what was before.

        Parameters
        ----------
        pts_seconds : float, optional
            By the source's clock; None where it does not say it.
        arrived_seconds : float
            By `time.monotonic`.
        """
        moment = arrived_seconds
        if pts_seconds is not None and self._offset is not None:
            moment = min(moment, pts_seconds + self._offset)
        self._last_stamp = max(moment, self._last_stamp + _APART_SECONDS)
        return self._last_stamp

    def _begin(self, delay: float, arrived_seconds: float) -> None:
        self._buckets.clear()
        self._buckets.append((arrived_seconds, delay))
        self._offset, self._arrived = delay, arrived_seconds

    def _keep(self, delay: float, arrived_seconds: float) -> None:
        began, least = self._buckets[-1]
        if arrived_seconds - began < _BUCKET_SECONDS:
            self._buckets[-1] = began, min(least, delay)
        else:
            self._buckets.append((arrived_seconds, delay))
        while self._buckets[0][0] < arrived_seconds - _WINDOW_SECONDS:
            self._buckets.popleft()

    def _is_step(self) -> bool:
        """Return whether all that arrived lately is much later than what arrived before."""
        latest = self._buckets[-1][0]
        lately = [least for began, least in self._buckets if began > latest - _STEP_LASTS_SECONDS]
        lasts = len(lately) * _BUCKET_SECONDS >= _STEP_LASTS_SECONDS
        return lasts and min(lately) > (self._offset or 0.0) + _STEP_SECONDS
