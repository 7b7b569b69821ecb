"""A clock for the stages of a run; a stage does not know that it is timed."""

from __future__ import annotations

import time
from collections import defaultdict
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from recorder_core.timing.stage_rows import Row, StageRows

__all__ = ["StageClock", "StageTime"]


@dataclass(frozen=True, slots=True)
class StageTime:
    """Time that one row took in one run."""

    row: Row
    total_seconds: float
    calls: int
    frames: int
    wall_seconds: float

    @property
    def per_frame_ms(self) -> float:
        """Milliseconds per frame of the video."""
        return self.total_seconds * 1000 / max(1, self.frames)

    @property
    def per_call_ms(self) -> float:
        """Milliseconds each time that it was done: a stage is not done in every frame."""
        return self.total_seconds * 1000 / max(1, self.calls)

    @property
    def share(self) -> float:
        """Share of the run's wall time, 0 to 1."""
        return self.total_seconds / self.wall_seconds if self.wall_seconds else 0.0


class StageClock:
    """Collects the time of every stage of one run.

    Each row is timed by one thread only, so no lock is needed.

    Parameters
    ----------
    rows : StageRows
        What is timed.
    started : float, optional
        `time.perf_counter` at the start of the run.
    """

    def __init__(self, rows: StageRows, started: float | None = None) -> None:
        self._rows = rows
        self._known = {row.key for row in rows.rows}
        self._seconds: dict[str, float] = defaultdict(float)
        self._calls: dict[str, int] = defaultdict(int)
        self._started = time.perf_counter() if started is None else started
        self.frames = 0

    @contextmanager
    def time(self, key: str) -> Iterator[None]:
        """Add the duration of the block to a row."""
        start = time.perf_counter()
        try:
            yield
        finally:
            self.add(key, time.perf_counter() - start)

    def add(self, key: str, seconds: float, calls: int = 1) -> None:
        """Add a duration to a row."""
        if key not in self._known:
            raise KeyError(key)
        self._seconds[key] += seconds
        self._calls[key] += calls

    @property
    def wall_seconds(self) -> float:
        """Seconds since the run started."""
        return time.perf_counter() - self._started

    def stage_times(self, wall_seconds: float) -> list[StageTime]:
        """Return every row in order, whether or not it was used."""
        return [
            StageTime(row, self._seconds[row.key], self._calls[row.key], self.frames, wall_seconds)
            for row in self._rows.rows
        ]

    def unexplained_seconds(self, wall_seconds: float) -> dict[str, float]:
        """Return for each thread the wall time that none of its rows explains.

        What is done before the threads exist or after them counts as explained for each.
        """
        around = sum(self._seconds[row.key] for row in self._rows.rows if row.is_around)
        rest: dict[str, float] = {}
        for thread in self._rows.threads:
            own = sum(
                self._seconds[row.key]
                for row in self._rows.rows
                if row.thread == thread and not row.is_around
            )
            rest[thread] = wall_seconds - around - own
        return rest
