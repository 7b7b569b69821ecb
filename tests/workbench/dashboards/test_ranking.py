from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime

from recorder_core.errors import QueueFull, WrongState
from recorder_core.jobs.archive.words import Job
from workbench.dashboards.ranking import RankingStart

NOW = datetime(2026, 1, 1, tzinfo=UTC)
JOB = Job(
    job_id="j",
    kind="rank",
    event_id="e",
    state="queued",
    progress=0.0,
    worker=None,
    error_class=None,
    settings="{}",
    created_by="rita",
    created_utc=NOW,
    heartbeat_utc=NOW,
)


def _refusing(error: Exception, asked: list[str]) -> Callable[[], Job]:
    def start() -> Job:
        asked.append("")
        raise error

    return start


def test_ranking_is_asked_for_once_a_minute_while_too_many_wait() -> None:
    asked: list[str] = []
    seconds = [0.0]
    ranking = RankingStart(
        _refusing(QueueFull("16"), asked), lambda: None, clock=lambda: seconds[0]
    )
    for _ in range(5):
        assert ranking.begin() is None
        assert ranking.waits
    assert len(asked) == 1
    seconds[0] = 61.0
    assert not ranking.waits
    assert ranking.begin() is None
    assert len(asked) == 2


def test_the_job_that_another_page_began_is_shown() -> None:
    ranking = RankingStart(_refusing(WrongState("runs"), []), lambda: JOB)
    assert ranking.begin() is JOB
    assert not ranking.waits
