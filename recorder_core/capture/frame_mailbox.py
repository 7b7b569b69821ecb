"""The newest frames of a source, for whoever composes.

Two clocks of the same rate slide along each other. Where a frame's moment lies close to that of a
tick, a little jitter would have one tick find no new frame and the next two. So a frame is counted
as of a moment a quarter of its period earlier, and may be a quarter more; of two new frames the
newest waits for the next tick where it is as near as that: each frame is used once until a whole
frame is gained or lost, and none is shown a period late.

What has arrived is kept for as long as whoever composes is behind. Where that would take too much
memory, frames are left out evenly, so that what is shown is of its moment all the same. Whether the
signal is lost is a matter of that moment, too: what came before a loss is shown until then.
"""

from __future__ import annotations

import threading
from collections import deque
from dataclasses import dataclass, replace
from typing import Final

from recorder_core.capture.source import LiveFrame, SourceCounters

__all__ = ["FrameMailbox"]

#: how much more of the past is kept than who composes is behind: it may be late
_LATE_SECONDS: Final = 0.8
_MIN_FRAMES: Final = 8
#: of all that is kept, about: most frames are YUV 4:2:0 of 8 bits
_MAX_BYTES: Final = 384 << 20
_BYTES_PER_PIXEL: Final = 1.5
#: of a source that does not say its rate
_USUAL_FRAME_RATE: Final = 30.0
#: part of a period by which a frame is counted early, and by which it may be newer than that
_TOLERANCE: Final = 0.25


@dataclass(frozen=True, slots=True)
class _Waiting:
    frame: LiveFrame
    is_late: bool


class FrameMailbox:
    """Keeps the newest frames, counts what becomes of them; used by two threads.

    Parameters
    ----------
    delay_seconds : float
        How long after its moment a frame is taken.
    """

    def __init__(self, delay_seconds: float = 0.0) -> None:
        self._lock, self._delay_seconds = threading.Lock(), delay_seconds
        self._waiting: deque[_Waiting] = deque()
        self._shown: LiveFrame | None = None
        self._newest: LiveFrame | None = None
        self._asked = float("-inf")
        self._counters = SourceCounters()
        self._period_seconds = 1 / _USUAL_FRAME_RATE
        self._lost_after_seconds = float("inf")

    @property
    def counters(self) -> SourceCounters:
        """What became of the frames so far."""
        with self._lock:
            return self._counters

    def set_rate(self, frame_rate: float | None, lost_after_seconds: float = float("inf")) -> None:
        """Set the rate that a connection says; the usual one where it says none.

        Parameters
        ----------
        frame_rate : float or None
            Frames per second.
        lost_after_seconds : float
            After so long without a frame the signal is lost.
        """
        with self._lock:
            self._period_seconds = 1 / (frame_rate or _USUAL_FRAME_RATE)
            self._lost_after_seconds = lost_after_seconds

    def put(self, frame: LiveFrame) -> None:
        """Add a frame that has arrived; where too many wait one is dropped."""
        with self._lock:
            self._counters = replace(self._counters, received=self._counters.received + 1)
            self._newest = frame
            kept, apart_seconds = self._room(frame)
            last = self._waiting[-1].frame if self._waiting else None
            self._waiting.append(_Waiting(frame, frame.seconds <= self._asked))
            if last is not None and 0 <= frame.seconds - last.seconds < apart_seconds:
                self._count_dropped(self._waiting.pop())
            while len(self._waiting) > kept:
                self._drop()

    def put_invalid(self) -> None:
        """Count a frame that could not be read."""
        with self._lock:
            self._counters = replace(self._counters, invalid=self._counters.invalid + 1)

    def take(self, seconds: float, *, is_present: bool = True) -> LiveFrame | None:
        """Return the frame of a moment, and drop those before.

        Parameters
        ----------
        seconds : float
            By `time.monotonic`.
        is_present : bool
            Whether something still arrives.

        Returns
        -------
        LiveFrame or None
            None if there is none yet, or the signal was lost at that moment.
        """
        with self._lock:
            self._asked = seconds + _TOLERANCE * self._period_seconds
            place = self._place_of(self._asked)
            for _ in range(place or 0):
                self._drop()
            frame = self._shown if place is None else self._waiting[0].frame
            later = len(self._waiting) > (place is not None)
            if frame is None or self._was_lost(frame, seconds, is_over=later or not is_present):
                self._leave_shown(place)
                return None
            self._show(frame, place)
            return frame

    def peek(self) -> LiveFrame | None:
        """Return the newest frame, uncounted."""
        with self._lock:
            return self._newest

    def _place_of(self, seconds: float) -> int | None:
        """Return which of the waiting frames is that of a moment; None where none is yet."""
        tolerance = _TOLERANCE * self._period_seconds
        due = sum(each.frame.seconds <= seconds for each in self._waiting)
        if due == 0:
            is_close = bool(self._waiting) and self._waiting[0].frame.seconds <= seconds + tolerance
            return 0 if is_close else None
        if due > 1 and self._waiting[due - 1].frame.seconds > seconds - tolerance:
            return due - 2
        return due - 1

    def _was_lost(self, frame: LiveFrame, seconds: float, *, is_over: bool) -> bool:
        """Return whether a frame is too old for a moment; it is the newest where none follows."""
        return is_over and seconds - frame.seconds > self._lost_after_seconds

    def _show(self, frame: LiveFrame, place: int | None) -> None:
        """Count a frame that is shown, for the first time where it has a place."""
        counters = self._counters
        if place is None:
            self._counters = replace(counters, repeated=counters.repeated + 1)
        else:
            self._waiting.popleft()
            self._counters = replace(counters, used=counters.used + 1)
        self._shown = frame

    def _leave_shown(self, place: int | None) -> None:
        """Show nothing any more, and drop the frame that would be shown where it waits."""
        self._shown = None
        if place is not None:
            self._drop()

    def _room(self, frame: LiveFrame) -> tuple[int, float]:
        """Return how many frames like one are kept, and how far apart they are at least."""
        size = frame.frame.format.width * frame.frame.format.height * _BYTES_PER_PIXEL
        fits = max(_MIN_FRAMES, int(_MAX_BYTES / size))
        kept = max(_MIN_FRAMES, int((self._delay_seconds + _LATE_SECONDS) / self._period_seconds))
        needed = self._delay_seconds / self._period_seconds
        return min(kept, fits), self._delay_seconds / (fits - 1) if needed > fits - 1 else 0.0

    def _drop(self) -> None:
        self._count_dropped(self._waiting.popleft())

    def _count_dropped(self, waiting: _Waiting) -> None:
        counters = self._counters
        late = counters.late + waiting.is_late
        self._counters = replace(counters, dropped=counters.dropped + 1, late=late)
