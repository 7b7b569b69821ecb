"""Where the time of a run went: its stages beside the paper's, and which thread bounds it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from recorder_core.errors import DataError
from recorder_core.jobs.pipeline.stage_rows import STAGES, TEN_STAGES

__all__ = [
    "PAPER_SOURCE",
    "PAPER_TABLE_3",
    "StageShare",
    "ThreadTime",
    "stage_shares",
    "thread_times",
]

PAPER_SOURCE: Final = (
    'E. Mobilon et al., "Medical image video recorder with computer vision and face blurring", '
    "J. Health Inform. 16 (special issue), 2024, Table 3, "
    "doi 10.59681/2175-4411.v16.iEspecial.2024.1297"
)
#: of `PAPER_SOURCE`: seconds in each of ten sections of the code, in each of four tests
PAPER_TABLE_3: Final = {
    1: (0.014758890, 0.0219874596, 0.01590616246, 0.02340747885),
    2: (0.000426454, 0.000447275495, 0.000505133137, 0.000631802246),
    3: (0.195379955, 0.2072014936, 0.2185739399, 0.3002965875),
    4: (0.372694030, 0.3274036893, 0.387110648, 0.1801836878),
    5: (0.064589400, 0.06971430126, 0.06264788726, 0.1797695116),
    6: (0.004027067, 0.004590305818, 0.004044405445, 0.005564976166),
    7: (0.000799248, 0.000914543702, 0.000778997076, 0.001024662513),
    8: (0.015306156, 0.01657104441, 0.01396160592, 0.01896454959),
    9: (0.237992105, 0.2609213749, 0.2162554348, 0.1693081815),
    10: (0.094026695, 0.09024851191, 0.08021578599, 0.1208485623),
}
#: once in a run, not in each frame
_START_UP: Final = 1
#: how rows end in which a thread waits for another
_WAITING: Final = "_wait"


@dataclass(frozen=True, slots=True)
class StageShare:
    """One of the ten stages of a run."""

    number: int
    title: str
    thread: str
    seconds: float
    #: of the stages 2 to 10, which each frame passes; None of the start-up
    share: float | None
    #: the same of the paper's four tests
    paper_shares: tuple[float, ...] | None


@dataclass(frozen=True, slots=True)
class ThreadTime:
    """What a thread did while the run lasted."""

    name: str
    busy_seconds: float
    waiting_seconds: float
    #: of the wall time, what no row explains
    other_seconds: float


def stage_shares(times: Mapping[str, Any]) -> list[StageShare]:
    """Return the ten stages of a run with their shares, and those of the paper.

    The machines, videos and networks differ, so that only shares compare.

    Parameters
    ----------
    times : mapping
        Of a copy's report.

    Raises
    ------
    DataError
        If the report has no times; those of copies that earlier versions made have none.
    """
    seconds = _seconds(times)
    own = {int(row.number or 0): seconds.get(row.key, 0.0) for row in TEN_STAGES}
    shares = _shares(own)
    papers = [
        _shares({each: row[test] for each, row in PAPER_TABLE_3.items()}) for test in range(4)
    ]
    return [
        StageShare(
            number=int(row.number or 0),
            title=row.title,
            thread=row.thread,
            seconds=own[int(row.number or 0)],
            share=shares.get(int(row.number or 0)),
            paper_shares=None
            if row.number == _START_UP
            else tuple(paper[int(row.number or 0)] for paper in papers),
        )
        for row in TEN_STAGES
    ]


def thread_times(times: Mapping[str, Any]) -> list[ThreadTime]:
    """Return for how long each thread of a run worked and waited; the busiest bounds the run.

    Parameters
    ----------
    times : mapping
        Of a copy's report.

    Raises
    ------
    DataError
        If the report has no times.
    """
    seconds, wall = _seconds(times), float(times.get("wall_seconds", 0.0))
    # what is done before the threads and after them is time of each
    around = sum(seconds.get(row.key, 0.0) for row in STAGES.rows if row.is_around)
    found = []
    for thread in STAGES.threads:
        rows = [row.key for row in STAGES.rows if row.thread == thread and not row.is_around]
        waiting = sum(seconds.get(key, 0.0) for key in rows if key.endswith(_WAITING))
        busy = sum(seconds.get(key, 0.0) for key in rows if not key.endswith(_WAITING))
        found.append(ThreadTime(thread, busy, waiting, max(0.0, wall - around - busy - waiting)))
    return found


def _seconds(times: Mapping[str, Any]) -> dict[str, float]:
    stages = times.get("stages")
    if not isinstance(stages, Mapping) or not stages:
        raise DataError("this report does not say how long its stages took; make the copy anew")
    return {str(key): float(value["seconds"]) for key, value in stages.items()}


def _shares(seconds: Mapping[int, float]) -> dict[int, float]:
    """Return the shares of the stages that each frame passes."""
    passed = {number: each for number, each in seconds.items() if number != _START_UP}
    total = sum(passed.values()) or 1.0
    return {number: each / total for number, each in passed.items()}
