"""The ten timed stages, and what runs beside them.

The work is done by four threads that overlap: the *reader* decodes, the *detector*
finds and tracks faces, the *redactor* redacts them, the *writer* saves. Each row of the
table belongs to one thread; the rows of a thread, its waiting included, add up to
the wall time, and what no row explains is shown as a row of its own.

Timing wraps the stages from outside: a stage does not know that it is timed.

References
----------
.. [1] Mobilon et al., "Medical image video recorder with computer vision and face
   blurring", J. Health Inform. 16 (2024), Table 1: the ten sections.
"""

from __future__ import annotations

import time
from collections import defaultdict
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Final, Literal, get_args

__all__ = ["ROWS", "TEN_STAGES", "Row", "StageClock", "StageTime", "Thread", "format_stage_table"]

Thread = Literal["reader", "detector", "redactor", "writer"]


@dataclass(frozen=True, slots=True)
class Row:
    """One row of the stage table."""

    #: key in the profile JSON
    key: str
    title: str
    #: number of the paper's stage; None for what runs beside the ten
    number: int | None
    #: thread that does it; start-up comes before the threads exist
    thread: Thread


ROWS: Final[tuple[Row, ...]] = (
    Row("startup", "start-up", 1, "writer"),
    Row("crop", "crop", 2, "detector"),
    Row("image_processing", "image processing", 3, "detector"),
    Row("inference", "inference", 4, "detector"),
    Row("box_decoding", "box (variance) decoding", 5, "detector"),
    Row("score_filtering", "score filtering", 6, "detector"),
    Row("score_sorting", "score sorting", 7, "detector"),
    Row("nms", "non-maximum suppression", 8, "detector"),
    Row("redaction", "redaction (blur)", 9, "redactor"),
    Row("saving", "frame saving", 10, "writer"),
    Row("decode", "decoding", None, "reader"),
    Row("reader_wait", "waiting (queue full, or done)", None, "reader"),
    Row("tracking", "tracking", None, "detector"),
    Row("detector_wait", "waiting (for frames, or done)", None, "detector"),
    Row("redactor_wait", "waiting (for frames, or done)", None, "redactor"),
    Row("writer_wait", "waiting for frames", None, "writer"),
    Row("checking", "checking segments", None, "writer"),
    Row("assembly", "joining segments and sound", None, "writer"),
    Row("verification", "verification", None, "writer"),
)
TEN_STAGES: Final[tuple[Row, ...]] = tuple(row for row in ROWS if row.number is not None)
#: how much of a thread's wall time may stay unexplained before a row says so
UNEXPLAINED_SHARE: Final = 0.05


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
    started : float, optional
        `time.perf_counter` at the start of the run.
    """

    def __init__(self, started: float | None = None) -> None:
        self._known = {row.key for row in ROWS}
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
        """Return every row, the ten stages first, whether or not it was used."""
        return [
            StageTime(row, self._seconds[row.key], self._calls[row.key], self.frames, wall_seconds)
            for row in ROWS
        ]

    def unexplained_seconds(self, wall_seconds: float) -> dict[Thread, float]:
        """Return for each thread the wall time that none of its rows explains.

        Start-up comes before the threads exist and joining and verification after
        them, so these count as explained for every thread.
        """
        around = sum(self._seconds[key] for key in ("startup", "assembly", "verification"))
        rest: dict[Thread, float] = {}
        for thread in get_args(Thread):
            own = sum(
                self._seconds[row.key]
                for row in ROWS
                if row.thread == thread and row.key not in ("startup", "assembly", "verification")
            )
            rest[thread] = wall_seconds - around - own
        return rest


def format_stage_table(times: list[StageTime], unexplained: dict[Thread, float]) -> str:
    """Return the stage table as text.

    Columns: number, stage, thread, total, milliseconds for each call and for each frame of
    the video, share. The shares are of the time of all rows and add up to 100 %: the
    threads work at the same time, so the rows are together longer than the wall time.
    """
    wall, frames = times[0].wall_seconds, max(1, times[0].frames)
    rest = {t: s for t, s in unexplained.items() if wall and abs(s) > UNEXPLAINED_SHARE * wall}
    whole = sum(item.total_seconds for item in times) + sum(rest.values())
    lines = [
        f"{'':>2} {'stage':<32}{'thread':<10}{'total s':>9}{'ms/call':>10}{'ms/frame':>10}"
        f"{'share':>8}",
    ]
    for item in times:
        number = "" if item.row.number is None else str(item.row.number)
        lines.append(
            f"{number:>2} {item.row.title:<32}{item.row.thread:<10}{item.total_seconds:>9.2f}"
            f"{item.per_call_ms:>10.3f}{item.per_frame_ms:>10.3f}"
            f"{_share(item.total_seconds, whole)}"
        )
    for thread, seconds in rest.items():
        lines.append(
            f"   {'not explained by the rows':<32}{thread:<10}{seconds:>9.2f}{'':>10}"
            f"{seconds * 1000 / frames:>10.3f}{_share(seconds, whole)}"
        )
    lines += [
        f"   {'all rows; threads work side by side':<42}{whole:>9.2f}{'':>10}"
        f"{whole * 1000 / frames:>10.3f}{_share(whole, whole)}",
        f"   {'wall time':<42}{wall:>9.2f}{'':>10}{wall * 1000 / frames:>10.3f}",
    ]
    return "\n".join(lines)


def _share(seconds: float, whole: float) -> str:
    return f"{seconds / whole if whole else 0.0:>8.1%}"
