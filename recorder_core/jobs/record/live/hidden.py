"""When the whole view of the room was hidden, because its faces were not known in time."""

from __future__ import annotations

import threading
from collections import deque
from typing import Final

__all__ = ["HiddenSpans"]


#: of the newest frames so many are known before the event has begun
_MOST_FRAMES: Final = 10_000


class HiddenSpans:
    """Counts hidden frames of an event and the spans that they make; threads may share it."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        #: when frames were hidden before anybody said where the event begins
        self._before: deque[float] | None = deque(maxlen=_MOST_FRAMES)
        self._began: float | None = None
        self._spans: list[tuple[float, float]] = []
        self._marked = self._count = 0

    @property
    def count(self) -> int:
        """How many frames of the event were hidden."""
        return self._count

    def begin(self, seconds: float) -> None:
        """Count from a moment on, from which the event is; forget what ended before it."""
        with self._lock:
            self._count = sum(each >= seconds for each in self._before or ())
            self._before = None
            self._spans = [
                (max(start, seconds), stop) for start, stop in self._spans if stop > seconds
            ]
            if self._began is not None:
                self._began = max(self._began, seconds)

    @property
    def is_on(self) -> bool:
        """Whether the last frame was hidden."""
        return self._began is not None

    @property
    def spans(self) -> tuple[tuple[float, float], ...]:
        """Start and stop of those that have ended, by the room's clock."""
        with self._lock:
            return tuple(self._spans)

    def note(self, seconds: float, *, is_hidden: bool) -> None:
        """Note a frame, by the room's clock."""
        with self._lock:
            if is_hidden and self._before is not None:
                self._before.append(seconds)
            elif is_hidden:
                self._count += 1
            if is_hidden and self._began is None:
                self._began = seconds
            elif not is_hidden:
                self._end(seconds)

    def finish(self, seconds: float) -> None:
        """End the span that goes on, if one does."""
        with self._lock:
            self._end(seconds)

    def pop_new(self) -> list[tuple[float, float]]:
        """Return the spans that have ended since the last call."""
        with self._lock:
            new = self._spans[self._marked :]
            self._marked = len(self._spans)
        return new

    def _end(self, seconds: float) -> None:
        if self._began is not None:
            self._spans.append((self._began, seconds))
            if self._before is not None:
                del self._spans[:-_MOST_FRAMES]
            self._began = None
