"""Write the table of what was aimed at and what was measured, from profiling/results."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import Any, Final

from make_readme_figures import RESULTS

__all__ = ["goal_table", "stated_goals"]

#: script and goal -> what it is about, where its value stands in the result, and its unit
_ROWS: Final[dict[tuple[str, str], tuple[str, tuple[str, ...], str]]] = {
    ("bench_job", "to_length"): (
        "whole job, as a multiple of the video's length",
        ("to_length",),
        "",
    ),
    ("bench_job", "to_bare"): (
        "whole job, as a multiple of the time to only decode and encode",
        ("to_bare", "wall"),
        "",
    ),
    ("bench_corrections", "share_of_full"): (
        "a correction of 5 s in 10 min, as a share of the full job's time",
        ("share_of_full", "wall"),
        "%",
    ),
    ("bench_deface", "times_faster"): (
        "times faster than deface at the same detection size",
        ("times_faster", "wall"),
        "",
    ),
    ("bench_startup", "seconds"): ("start to loaded detector", ("seconds",), "s"),
    ("bench_memory", "peak_rss_mb"): ("peak memory of 10 minutes", ("peak_rss_mb", "long"), "MB"),
    ("bench_memory", "long_to_short"): (
        "peak memory of 10 minutes, as a multiple of that of 1",
        ("long_to_short",),
        "",
    ),
    ("bench_quality", "worst_frame_psnr_y_db"): (
        "worst frame of a copy of an H.264 source of few bits",
        ("hard_sources", "h264 at crf 28", "worst_frame_psnr_y_db"),
        "dB",
    ),
    ("bench_quality", "copy_to_source"): (
        "bits of that copy, as a multiple of its source's",
        ("hard_sources", "h264 at crf 28", "copy_to_source"),
        "",
    ),
    ("bench_detect_folder", "of_the_networks_time"): (
        "`detect` on 100 pictures of 55 sizes, as a multiple of the inferences alone",
        ("of_the_networks_time",),
        "",
    ),
    ("bench_import", "import_to_plain_copy"): (
        "import of a gigabyte, as a multiple of a plain copy",
        ("gigabyte", "import_to_plain_copy"),
        "",
    ),
    ("bench_listing", "list_seconds"): (
        "list of 2,000 events, beyond a list of one",
        ("list_seconds",),
        "s",
    ),
    ("bench_review", "cold_seconds"): (
        "review page of an hour, opened for the first time",
        ("cold_seconds",),
        "s",
    ),
    ("bench_review", "warm_seconds"): ("the same, opened again", ("warm_seconds",), "s"),
    ("bench_review", "first_frame_seconds"): ("its first frame", ("first_frame_seconds",), "s"),
    ("bench_review", "seek_seconds"): ("a seek on it", ("seek_seconds",), "s"),
    ("bench_review", "edits_per_second"): (
        "boxes edited and painted on it in a second",
        ("edits_per_second",),
        "",
    ),
    ("bench_review", "kernel_mib"): ("memory of its kernel", ("kernel_mib",), "MiB"),
    ("record_long", "dropped_frames"): (
        "frames dropped while three 1080p30 sources are recorded for 10 minutes",
        ("dropped_frames",),
        "",
    ),
    ("record_long", "least_used"): ("frames of each source that are used", ("least_used",), "%"),
    ("record_live", "dropped_frames"): (
        "frames dropped in 5 minutes while faces are hidden live",
        ("only", "dropped_frames"),
        "",
    ),
    ("record_live", "most_bare_seconds"): (
        "longest time that a face is bare there",
        ("only", "most_bare_seconds"),
        "s",
    ),
    ("record_synchrony", "most_off_frames"): (
        "a source against the clock of the recording, in its frames",
        ("most_off_frames",),
        "",
    ),
    ("record_synchrony", "clap_off_seconds"): (
        "audio against the clock of the recording",
        ("clap_off_seconds",),
        "s",
    ),
    ("record_gaps", "most_off_seconds"): (
        "beginning and end of a gap, when a source is unplugged",
        ("most_off_seconds",),
        "s",
    ),
    ("record_kills", "most_lost_seconds"): (
        "lost of a recording by `kill -9`",
        ("most_lost_seconds",),
        "s",
    ),
    ("power_cuts", "most_lost_seconds"): (
        "lost on a disk by a power cut",
        ("most_lost_seconds", "archive"),
        "s",
    ),
}


def stated_goals() -> Iterator[tuple[str, str, Mapping[str, float]]]:
    """Yield script, name and limits of each goal that has a number in the results."""
    for path in sorted(RESULTS.glob("*.json")):
        goals = json.loads(path.read_text(encoding="utf-8")).get("goals", {})
        for name, limits in goals.items():
            if isinstance(limits, dict):
                yield path.stem, name, limits


def goal_table() -> list[tuple[str, str, str, str, str]]:
    """Return what, goal, measured value, whether it is reached, and script of each goal."""
    goals = {(script, name): limits for script, name, limits in stated_goals()}
    rows = []
    for key in sorted(goals, key=list(_ROWS).index):
        what, place, unit = _ROWS[key]
        value: Any = json.loads((RESULTS / f"{key[0]}.json").read_text(encoding="utf-8"))
        for name in place:
            value = value[name]
        limits = goals[key]
        least, most = limits.get("at_least", value), limits.get("at_most", value)
        words, limit = ("at most", "at_most") if "at_most" in limits else ("at least", "at_least")
        goal = f"{words} {_text(limits[limit], unit)}"
        state = "reached" if least <= value <= most else "missed"
        rows.append((what, goal, _text(value, unit), state, f"`{key[0]}.py`"))
    return rows


def _text(value: float, unit: str) -> str:
    if unit == "%":
        return f"{value * 100:.3g} %"
    return f"{value:.3g} {unit}".rstrip()
