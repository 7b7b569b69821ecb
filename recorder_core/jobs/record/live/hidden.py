"""When the whole view of the room was hidden, because its faces were not known in time."""

from __future__ import annotations

import threading

__all__ = ["HiddenSpans"]


class HiddenSpans:
    """Counts hidden frames and the spans that they make; threads may share it."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._began: float | None = None
        self._spans: list[tuple[float, float]] = []
        self._marked = self._count = 0

    @property
    def count(self) -> int:
        """How many frames were hidden."""
        return self._count

    @property
    def is_on(self) -> bool:
        """Whether the last frame was hidden."""
        return self._began is not None

    @property
    def spans(self) -> tuple[tuple[float, float], ...]:
        """Start and stop of those that have ended, by the event's clock."""
        with self._lock:
            return tuple(self._spans)

    def note(self, seconds: float, *, is_hidden: bool) -> None:
        """Note a frame, by the event's clock."""
        with self._lock:
            self._count += is_hidden
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
            self._began = None
