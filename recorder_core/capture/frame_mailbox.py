"""The newest frames of a source, for whoever composes.

Two clocks of the same rate slide along each other. Where a frame's moment lies close to that of a
tick, a little jitter would have one tick find no new frame and the next two. So a frame is counted
as of a moment a quarter of its period earlier, and may be a quarter more; of two new frames the
newest waits for the next tick where it is as near as that: each frame is used once until a whole
frame is gained or lost, and none is shown a period late.
"""

from __future__ import annotations

import threading
from collections import deque
from dataclasses import dataclass, replace
from typing import Final

from recorder_core.capture.source import LiveFrame, SourceCounters

__all__ = ["FrameMailbox"]

#: how much of the past is kept, and at most so many frames of it
_KEPT_SECONDS: Final = 1.0
_MIN_FRAMES, _MAX_FRAMES = 8, 64
#: of a source that does not say its rate
_USUAL_FRAME_RATE: Final = 30.0
#: part of a period by which a frame is counted early, and by which it may be newer than that
_TOLERANCE: Final = 0.25


@dataclass(frozen=True, slots=True)
class _Waiting:
    frame: LiveFrame
    is_late: bool


class FrameMailbox:
    """Keeps the newest frames, counts what becomes of them; used by two threads."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._waiting: deque[_Waiting] = deque()
        self._shown: LiveFrame | None = None
        self._newest: LiveFrame | None = None
        self._asked = float("-inf")
        self._counters = SourceCounters()
        self._period_seconds = 1 / _USUAL_FRAME_RATE

    @property
    def counters(self) -> SourceCounters:
        """What became of the frames so far."""
        with self._lock:
            return self._counters

    def set_rate(self, frame_rate: float | None) -> None:
        """Set the rate that a connection says; the usual one where it says none."""
        with self._lock:
            self._period_seconds = 1 / (frame_rate or _USUAL_FRAME_RATE)

    def put(self, frame: LiveFrame) -> None:
        """Add a frame that has arrived; the oldest is dropped where too many wait."""
        with self._lock:
            self._counters = replace(self._counters, received=self._counters.received + 1)
            self._waiting.append(_Waiting(frame, frame.seconds <= self._asked))
            self._newest = frame
            kept = min(max(int(_KEPT_SECONDS / self._period_seconds), _MIN_FRAMES), _MAX_FRAMES)
            while len(self._waiting) > kept:
                self._drop()

    def put_invalid(self) -> None:
        """Count a frame that could not be read."""
        with self._lock:
            self._counters = replace(self._counters, invalid=self._counters.invalid + 1)

    def clear(self) -> None:
        """Forget every frame, as when the signal is lost."""
        with self._lock:
            while self._waiting:
                self._drop()
            self._shown = self._newest = None

    def take(self, seconds: float) -> LiveFrame | None:
        """Return the frame of a moment, and drop those before; None if there is none yet."""
        with self._lock:
            self._asked = seconds + _TOLERANCE * self._period_seconds
            place = self._place_of(self._asked)
            if place is None:
                if self._shown is not None:
                    self._counters = replace(self._counters, repeated=self._counters.repeated + 1)
                return self._shown
            for _ in range(place):
                self._drop()
            self._shown = self._waiting.popleft().frame
            self._counters = replace(self._counters, used=self._counters.used + 1)
            return self._shown

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

    def _drop(self) -> None:
        late = self._waiting.popleft().is_late
        counters = self._counters
        self._counters = replace(counters, dropped=counters.dropped + 1, late=counters.late + late)
