from __future__ import annotations

import json
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import pytest

from recorder_core.errors import DataError
from recorder_core.jobs import sidecar
from workbench.dashboards.profiling import distinct_runs, read_benchmark, read_run

ROOT = Path(__file__).resolve().parents[3]
BENCHMARK = ROOT / "profiling" / "results" / "bench_job.json"


class _Event:
    """What the page asks of an event."""

    event_id = "a1"

    def __init__(self, report: dict[str, Any]) -> None:
        self.row = SimpleNamespace(
            procedure_code="lap-chole", started_utc=datetime(2026, 1, 5, tzinfo=UTC)
        )
        self.copy_report = lambda: report


def test_a_run_is_what_the_report_says(finished: Path) -> None:
    report = json.loads(sidecar(finished, "report").read_text())
    run = read_run(cast(Any, _Event(report)))
    assert (run.event_id, run.procedure, run.frames) == ("a1", "lap-chole", 60)
    assert run.wall_seconds == report["times"]["wall_seconds"]
    assert run.stages[3].seconds == report["times"]["stages"]["inference"]["seconds"]
    assert run.settings["encoder.preset"] == "ultrafast"
    assert run.detector == report["detector"]
    with pytest.raises(DataError):
        read_run(cast(Any, _Event(report | {"times": {}})))


def test_a_copy_of_several_events_is_one_run() -> None:
    (run,), _ = read_benchmark(BENCHMARK)
    newest, older = replace(run, event_id="a1"), replace(run, event_id="b2")
    other = replace(run, event_id="c3", wall_seconds=run.wall_seconds + 1)
    assert distinct_runs([newest, other, older], []) == [newest, other]
    assert distinct_runs([newest, other, older], ["b2"]) == [older, other]


def test_the_benchmark_is_read_where_it_is() -> None:
    written = json.loads(BENCHMARK.read_text())
    (run,), facts = read_benchmark(BENCHMARK)
    assert facts["to_bare"] == written["to_bare"]["wall"]
    inference = next(each for each in written["stages_of_last_run"] if each["key"] == "inference")
    assert run.stages[3].seconds == pytest.approx(inference["ms_per_frame"] / 1000)
    share = run.stages[3].seconds / run.wall_seconds
    assert share == pytest.approx(inference["share_of_wall"])


@pytest.mark.parametrize("content", [None, "{", "[]", "{}", '{"stages_of_last_run": []}'])
def test_without_a_benchmark_there_is_none(tmp_path: Path, content: str | None) -> None:
    path = tmp_path / "bench_job.json"
    if content is not None:
        path.write_text(content)
    assert read_benchmark(path) == ([], {})
