"""Rows for a stream of an event: held in memory until the event has begun, then passed on."""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Final, Generic, Protocol, TypeVar

from recorder_core.jobs.record.event_time import EventTime
from recorder_core.model import FrameDetections
from recorder_core.tables import RawRow, SignalRow

__all__ = ["HeldRows", "moved_detections", "moved_row"]

_Row = TypeVar("_Row")
_Taken_contra = TypeVar("_Taken_contra", contravariant=True)
_Timed = TypeVar("_Timed", SignalRow, RawRow)
#: beyond the frames that are held: beginning an event may take as long
_MORE_SECONDS: Final = 60.0


class _Stream(Protocol[_Taken_contra]):
    """What takes rows by the clock of the event."""

    def append(self, rows: Sequence[_Taken_contra], /) -> None:
        """Append a batch."""


class HeldRows(Generic[_Row]):
    """Passes rows on to a stream of an event, on its clock; threads may share it.

    Parameters
    ----------
    seconds_of : callable
        Returns when a row is, by the room's clock.
    moved : callable
        Returns a row on the clock of the event.
    hold_seconds : float
        How much of the newest is held before the event has begun.
    """

    def __init__(
        self,
        seconds_of: Callable[[_Row], float],
        moved: Callable[[_Row, EventTime], _Row],
        hold_seconds: float,
    ) -> None:
        self._seconds_of, self._moved = seconds_of, moved
        self._hold_seconds = hold_seconds + _MORE_SECONDS
        self._lock = threading.Lock()
        self._held: deque[_Row] = deque()
        self._target: tuple[_Stream[_Row], EventTime] | None = None

    def begin(self, stream: _Stream[_Row], time: EventTime) -> None:
        """Pass on what comes from now on, and before the next rows what is held of the event."""
        with self._lock:
            self._target = stream, time

    def append(self, rows: Sequence[_Row]) -> None:
        """Append rows by the room's clock; none pass on what is held.

        Raises
        ------
        ArchiveError, DataError
            As the stream, once there is one.
        """
        with self._lock:
            self._held.extend(rows)
            if self._target is not None:
                self._pass_on(*self._target)
            while self._held and self._is_old(self._held[0]):
                self._held.popleft()

    def _is_old(self, row: _Row) -> bool:
        return self._seconds_of(self._held[-1]) - self._seconds_of(row) > self._hold_seconds

    def _pass_on(self, stream: _Stream[_Row], time: EventTime) -> None:
        held, self._held = self._held, deque()
        rows = [row for row in held if self._seconds_of(row) >= time.zero_seconds]
        if rows:
            stream.append([self._moved(row, time) for row in rows])


def moved_row(row: _Timed, time: EventTime) -> _Timed:
    """Return a row of a monitor on the clock of an event."""
    return row._replace(seconds=time.seconds(row.seconds))


def moved_detections(found: FrameDetections, time: EventTime) -> FrameDetections:
    """Return what was found in a frame by its index and pts in the video of an event."""
    index, pts = found.frame_index - time.first_index, found.pts - time.first_tick
    return replace(found, frame_index=index, pts=pts)
