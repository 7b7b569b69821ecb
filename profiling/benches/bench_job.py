"""Measure the whole job against a bare transcode, and against the video's length.

    python profiling/benches/bench_job.py [--folder FOLDER] [--seconds 60] [--runs 5]

Whole commands on both sides, Python's start included, with the same encoder settings on
the same 1080p30 composite of 7 Mbit/s with a 640x360 room view.
"""

from __future__ import annotations

import json
import statistics
import sys
from pathlib import Path
from typing import Any, Final

from measuring import (
    LAYOUT,
    Sample,
    benchmark_parser,
    compare,
    deidentify_words,
    make_composite,
    measure_command,
    measure_pairs,
    write_result,
)

from recorder_core.media import EncoderSettings

#: of wall time: whole job / bare transcode, whole job / length of the video
GOALS: Final = {
    "to_bare": {"at_most": 1.35, "aim": 1.15},
    "to_length": {"at_most": 0.6, "aim": 0.35},
}


def last_run(profile: Path) -> dict[str, Any]:
    """Return which engine the last run used, and what its stages took, per frame."""
    content = json.loads(profile.read_text(encoding="utf-8"))
    keys = ("number", "key", "thread", "ms_per_frame", "share_of_wall")
    stages = [{key: stage[key] for key in keys} for stage in content["stages"]]
    return {"detector": content["detector"], "stages_of_last_run": stages}


def main() -> None:
    """Measure, print and write the result."""
    parser = benchmark_parser(__doc__, seconds=60, runs=5)
    parser.add_argument("--preset", default=EncoderSettings().preset, help="default: %(default)s")
    options = parser.parse_args()
    source = make_composite(options.folder, options.seconds).video
    copy, bare, profile = (options.folder / f"job_{name}" for name in ("o.mp4", "b.mp4", "p.json"))
    script = str(Path(__file__).with_name("bare_transcode.py"))
    bare_words = [sys.executable, script, str(source), str(bare), "--preset", options.preset]
    job_words = deidentify_words(
        source, copy, "--preset", options.preset, "--times-file", str(profile)
    )

    def transcode() -> Sample:
        bare.unlink(missing_ok=True)
        return measure_command(bare_words)

    bare_runs, job_runs = measure_pairs(transcode, lambda: measure_command(job_words), options.runs)
    to_bare = compare(job_runs, bare_runs)
    to_length = statistics.median(run.wall_seconds for run in job_runs) / options.seconds
    cores_used = statistics.median(run.cpu_seconds / run.wall_seconds for run in job_runs)
    print(f"whole job / bare transcode: {to_bare['wall']:.3f} wall, {to_bare['processor']:.3f} cpu")
    print(f"whole job / video's length: {to_length:.3f} ({cores_used:.2f} cores used)")
    result = {
        "settings": {"seconds": options.seconds, "view": LAYOUT, "preset": options.preset},
        "goals": GOALS,
        "to_bare": to_bare,
        "to_length": round(to_length, 4),
        "cores_used": round(cores_used, 2),
        "bare_runs": bare_runs,
        "job_runs": job_runs,
        **last_run(profile),
    }
    write_result(options.result, "whole job / bare transcode, and / length of the video", result)


if __name__ == "__main__":
    main()
