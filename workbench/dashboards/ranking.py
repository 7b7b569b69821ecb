"""A page that finds no ranked moments begins the ranking; where too many wait, it asks later."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Final

from recorder_core.errors import QueueFull, WrongState
from recorder_core.jobs.archive.words import Job

__all__ = ["RankingStart"]

#: until it is asked for again where too many wait: each refusal stands in the log
FULL_SECONDS: Final = 60.0


class RankingStart:
    """Begins the ranking of one copy.

    Parameters
    ----------
    start : callable
        Starts the job, and returns it.
    find_newest : callable
        Returns the newest job of the event.
    clock : callable, optional
        Returns monotonic seconds.
    """

    def __init__(
        self,
        start: Callable[[], Job],
        find_newest: Callable[[], Job | None],
        *,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._start, self._find_newest, self._clock = start, find_newest, clock
        self._full_until_seconds: float | None = None

    @property
    def waits(self) -> bool:
        """Whether as many jobs as may waited or ran, and it is asked for again later."""
        return self._full_until_seconds is not None and self._clock() < self._full_until_seconds

    def begin(self) -> Job | None:
        """Return the job; of two pages that open together, one begins it. None: it waits."""
        if self.waits:
            return None
        try:
            return self._start()
        except QueueFull:
            self._full_until_seconds = self._clock() + FULL_SECONDS
            return None
        except WrongState:
            return self._find_newest()
