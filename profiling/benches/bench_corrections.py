"""Measure what a correction of 5 seconds costs, against rendering the whole video.

    python profiling/benches/bench_corrections.py [--folder FOLDER] [--seconds 60] [--times 10]

The video (10 minutes unless told otherwise) is rendered once; then each run adds one
more correction to those before, so that each renders 5 seconds and copies the rest.
"""

from __future__ import annotations

import json
import statistics
from pathlib import Path
from typing import Final

from measuring import (
    LAYOUT,
    Sample,
    benchmark_parser,
    deidentify_words,
    loop_video,
    make_composite,
    measure_command,
    write_result,
)

from recorder_core.jobs import sidecar
from recorder_core.media import file_sha256
from recorder_core.model import CorrectionKeyframe
from recorder_core.tables import TableMetadata, write_corrections

GOALS: Final = {"share_of_full": {"at_most": 0.03}}
CORRECTED_SECONDS: Final = 5
FRAMES_PER_SECOND: Final = 30
#: a corner of the room view, source pixels
BOX: Final = (1300.0, 740.0, 1380.0, 840.0)


def write_added_boxes(path: Path, source: Path, starts_seconds: list[float]) -> None:
    """Write corrections that each redact a still box for `CORRECTED_SECONDS`."""
    keyframes = [
        CorrectionKeyframe(
            str(number),
            *("add", frame, BOX, -1, "benchmark", "2000-01-01T00:00:00Z"),
        )
        for number, start in enumerate(starts_seconds)
        for frame in _ends(start)
    ]
    write_corrections(path, keyframes, TableMetadata(file_sha256(source)))


def _ends(start_seconds: float) -> tuple[int, int]:
    first = round(start_seconds * FRAMES_PER_SECOND)
    return first, first + CORRECTED_SECONDS * FRAMES_PER_SECOND - 1


def main() -> None:
    """Measure, print and write the result."""
    parser = benchmark_parser(__doc__, seconds=60, runs=3)
    parser.add_argument("--times", type=int, default=10, help="default: %(default)s")
    options = parser.parse_args()
    source = loop_video(make_composite(options.folder, options.seconds).video, options.times)
    copy, table = options.folder / "corrections_copy.mp4", options.folder / "corrections.parquet"
    full = measure_command(deidentify_words(source, copy))
    words = [
        word
        for word in deidentify_words(source, copy, "--corrections", str(table))
        if word != "--overwrite"
    ]
    distance = options.seconds * options.times / (options.runs + 1)
    # half a second beside the keyframes, as most corrections lie
    starts = [int(distance * (number + 0.5)) + 0.5 for number in range(options.runs)]
    runs: list[Sample] = []
    encoded: list[int] = []
    for number in range(options.runs):
        write_added_boxes(table, source, starts[: number + 1])
        runs.append(measure_command(words))
        report = json.loads(sidecar(copy, "report").read_text(encoding="utf-8"))
        encoded.append(report["copy"]["encoded_frames"])
    wall = statistics.median(run.wall_seconds for run in runs) / full.wall_seconds
    cpu = statistics.median(run.cpu_seconds for run in runs) / full.cpu_seconds
    print(
        f"a correction of {CORRECTED_SECONDS} s takes {wall:.2%} of the full time ({cpu:.2%} cpu)"
    )
    result = {
        "settings": {
            "seconds": options.seconds * options.times,
            "corrected_seconds": CORRECTED_SECONDS,
            "view": LAYOUT,
        },
        "goals": GOALS,
        "share_of_full": {"wall": round(wall, 5), "processor": round(cpu, 5)},
        "full_run": full,
        "correction_runs": runs,
        "encoded_frames": encoded,
    }
    write_result(options.result, "time of a correction / time of the full rendering", result)


if __name__ == "__main__":
    main()
