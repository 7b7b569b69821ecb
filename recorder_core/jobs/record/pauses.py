"""When a recording is paused: its clock goes on, and nothing of the room is recorded meanwhile.

A pause begins and ends at the moment at which somebody asked for it, although what was captured
then is composed a delay later; where that is composed already it begins right after. The picture is
black and the audio silent, so that every moment of the event keeps its place.
"""

from __future__ import annotations

import math
import threading
from collections.abc import Callable

from recorder_core.errors import WrongState
from recorder_core.model.values.phrase import phrase

__all__ = ["Pauses"]


class Pauses:
    """The pauses of a recording, by the room's clock; threads share it."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        #: (start, stop); the stop of one that goes on is infinite
        self._spans: list[tuple[float, float]] = []

    @property
    def is_on(self) -> bool:
        """Whether a pause goes on."""
        with self._lock:
            return self._is_on

    @property
    def spans(self) -> tuple[tuple[float, float], ...]:
        """Start and stop of each in seconds; the stop of one that goes on is infinite."""
        with self._lock:
            return tuple(self._spans)

    def begin(self, seconds: float, open_seconds: Callable[[], float] = lambda: 0.0) -> bool:
        """Begin a pause; return False if one goes on already.

        Parameters
        ----------
        seconds : float
            When it was asked for.
        open_seconds : callable, optional
            Returns the first moment that is not recorded yet: one that was asked for earlier, and
            carried out late, begins there. While it is asked nobody learns whether a moment lies
            in a pause.
        """
        with self._lock:
            if self._is_on:
                return False
            last = self._spans[-1][1] if self._spans else 0.0
            self._spans.append((max(seconds, last, open_seconds()), math.inf))
            return True

    def end(self, seconds: float) -> tuple[float, float] | None:
        """End the pause; return its span, or None if none goes on."""
        with self._lock:
            if not self._is_on:
                return None
            start, _ = self._spans[-1]
            self._spans[-1] = start, max(start, seconds)
            return self._spans[-1]

    def covers(self, seconds: float) -> bool:
        """Return whether a moment lies in a pause."""
        return any(start <= seconds < stop for start, stop in self.spans)

    def check_shown(self, seconds: float) -> None:
        """Raise WrongState if a moment lies in a pause, of which nothing is shown."""
        if self.covers(seconds):
            raise WrongState(
                phrase("rec_pauses", "the recording is paused and shows nothing: resume it first")
            )

    @property
    def _is_on(self) -> bool:
        return bool(self._spans) and self._spans[-1][1] == math.inf
