"""The page that says where the time of de-identifying went: ten stages, runs compared.

The notebook calls `profiling_page`. It reads the reports of copies through the server's interface
as the user who opened the page; no frame of anybody is needed for it.
"""

from __future__ import annotations

import json
import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Final
from urllib.parse import parse_qs

import workbench
from recorder_core.errors import DataError, RecorderError
from recorder_core.jobs.archive.words import RELEASED_STATES, Action
from recorder_core.jobs.pipeline.stage_shares import PAPER_SOURCE, stage_shares, thread_times
from workbench.client import RemoteArchive, RemoteEvent, open_served_archive
from workbench.dashboards.cards import problem_card
from workbench.widgets import ProfiledRun, ProfilingBoard

__all__ = ["distinct_runs", "profiling_page", "read_benchmark", "read_run"]

#: the newest copies whose reports are read
MAX_RUNS: Final = 60
#: in a clone; what is installed has none
_BENCHMARK: Final = Path(workbench.__file__).parents[1] / "profiling" / "results" / "bench_job.json"


def profiling_page() -> Any:
    """Return what the notebook displays: the runs of the newest copies."""
    try:
        return _board(open_served_archive(), os.environ.get("QUERY_STRING", ""))
    except RecorderError as error:
        return problem_card("no_times", error)


def _board(archive: RemoteArchive, query: str) -> ProfilingBoard:
    events = archive.events()
    roles = archive.roles(events)
    sees_all = Action.READ_UNRELEASED in archive.person()["actions"]
    copied = [
        each
        for each in events
        if "deidentification" in roles.get(each.event_id, [])
        if sees_all or each.row.state in RELEASED_STATES
    ]
    runs, without = [], 0
    for event in copied[:MAX_RUNS]:
        try:
            runs.append(read_run(event))
        except RecorderError:
            without += 1
    bench, facts = read_benchmark(_BENCHMARK)
    asked = [each for each in ",".join(parse_qs(query).get("events", [])).split(",") if each]
    return ProfilingBoard(
        [*distinct_runs(runs, asked), *bench],
        chosen=asked,
        without_times=without,
        benchmark=facts,
        source=PAPER_SOURCE,
    )


def read_run(event: RemoteEvent) -> ProfiledRun:
    """Return how the copy of an event was made.

    Parameters
    ----------
    event : RemoteEvent
        Of an archive that is open for somebody who may read detections.

    Raises
    ------
    DataError
        If the report says no times.
    """
    report = event.copy_report()
    times = report.get("times", {})
    return ProfiledRun(
        event_id=event.event_id,
        procedure=event.row.procedure_code,
        started=event.row.started_utc.strftime("%Y-%m-%d"),
        frames=max(1, int(report.get("copy", {}).get("frames") or 0)),
        wall_seconds=float(times.get("wall_seconds", 0.0)),
        detector=str(report.get("detector", "")),
        program=str(report.get("program", "")),
        settings=_flat(report.get("settings", {})),
        stages=stage_shares(times),
        threads=thread_times(times),
    )


def distinct_runs(runs: Sequence[ProfiledRun], asked: Sequence[str]) -> list[ProfiledRun]:
    """Return each run once: one copy may belong to several events, and compares with itself.

    Parameters
    ----------
    runs : sequence of ProfiledRun
        Of several events.
    asked : sequence of str
        Ids of events; of those that share a run, one of these has it.
    """
    found: dict[tuple[float, ...], ProfiledRun] = {}
    for run in runs:
        # to the microsecond: no two runs take the same times
        times = (run.wall_seconds, *(each.seconds for each in run.stages))
        if times not in found or run.event_id in asked:
            found[times] = run
    return list(found.values())


def read_benchmark(path: Path) -> tuple[list[ProfiledRun], dict[str, Any]]:
    """Return the run of the benchmark, and how the whole job compares with a bare transcode.

    Parameters
    ----------
    path : Path
        What ``profiling/benches/bench_job.py`` wrote; nothing is returned where there is no such
        file.
    """
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
        times = _per_frame(content["stages_of_last_run"])
        run = ProfiledRun(
            event_id="",
            procedure="benchmark",
            started="",
            frames=1,
            wall_seconds=times["wall_seconds"],
            detector=content["detector"],
            program=content["program"],
            settings=_flat(content["settings"]),
            stages=stage_shares(times),
            threads=thread_times(times),
        )
        facts = {
            "to_bare": content["to_bare"]["wall"],
            "at_most": content["goals"]["to_bare"]["at_most"],
            "machine": f"{content['machine']['processor']}, {content['machine']['cores']} cores",
        }
    except (OSError, ValueError, KeyError, TypeError, DataError):
        return [], {}
    return [run], facts


def _per_frame(stages: Any) -> dict[str, Any]:
    """Return the times of one frame, in the words of a report."""
    largest = max(stages, key=lambda each: each["share_of_wall"])
    wall = largest["ms_per_frame"] / largest["share_of_wall"] / 1000
    seconds = {each["key"]: {"seconds": each["ms_per_frame"] / 1000} for each in stages}
    return {"wall_seconds": wall, "stages": seconds}


def _flat(settings: Any, before: str = "") -> dict[str, str]:
    """Return options by their names with dots."""
    found: dict[str, str] = {}
    if not isinstance(settings, Mapping):
        return found
    for name, value in settings.items():
        if isinstance(value, Mapping):
            found |= _flat(value, f"{before}{name}.")
        else:
            found[f"{before}{name}"] = "" if value is None else str(value)
    return found
