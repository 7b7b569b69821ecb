"""How long whoever reads an input waited for it: the rest of the time it had to work."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from typing import TypeVar

__all__ = ["InputWait"]

_Item = TypeVar("_Item")


class InputWait:
    """Measures the time that the thread which reads an input spends waiting; any thread may ask.

    Parameters
    ----------
    clock : callable, optional
        Gives `time.monotonic`.
    """

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        #: how long it had waited, and since when it waits again (None: it works), read as one
        self._state: tuple[float, float | None] = 0.0, None
        #: how long it waited the last time
        self.last_seconds = 0.0

    def seconds(self, now: float) -> float:
        """Return how long it has waited up to a moment, by `time.monotonic`."""
        total, since = self._state
        return total if since is None else total + max(0.0, now - since)

    @contextmanager
    def waiting(self) -> Iterator[None]:
        """Count the time that the block takes."""
        began = self._clock()
        self._state = self._state[0], began
        try:
            yield
        finally:
            ended = self._clock()
            self.last_seconds = ended - began
            self._state = self.seconds(ended), None

    def each(self, items: Iterable[_Item]) -> Iterator[_Item]:
        """Yield items, and count the time that each takes to come; none is kept."""
        coming = iter(items)
        try:
            while True:
                yield self._next(coming)
        except StopIteration:
            return

    def _next(self, coming: Iterator[_Item]) -> _Item:
        with self.waiting():
            return next(coming)
