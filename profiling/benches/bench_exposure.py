"""Measure how well faces are hidden when the detector looks at every 1st to 6th frame.

    python profiling/benches/bench_exposure.py [--seconds 20] [--runs 4] [--clips FOLDER]

Simulated surgeries with known faces, one for each of the seeds 0, 1, ... (`--runs`).
Detection runs once on every frame; then the frames between looks are hidden from
the tracker. "before" redacts each detection in its own frame only, "after" is what
the job redacts, "temporal_kernel" is the method of FaceOff to compare with.

A job also looks where the picture jumps: how many frames more that are, and what choosing them
costs, is counted in these surgeries, and in the clips of a folder.
"""

from __future__ import annotations

import time
from collections import defaultdict
from collections.abc import Sequence
from contextlib import closing
from pathlib import Path
from typing import Any, Final

import numpy as np
from measuring import LAYOUT, Composite, benchmark_parser, make_composite, write_result

from recorder_core.evaluation.video import (
    RECOGNISABLE_SHARE,
    ExposureReport,
    ExposureSettings,
    measure_exposure,
    pool_reports,
    redact_by_method,
    subsample_detections,
)
from recorder_core.jobs import DetectOptions
from recorder_core.jobs.inputs.job_video import JobVideo, open_job_video
from recorder_core.jobs.inputs.stride import DetectionStride
from recorder_core.jobs.measuring.detected_video import DetectedVideo, run_detector

EVERY: Final = (1, 2, 3, 4, 6)
MEASURE: Final = ExposureSettings(min_visible=RECOGNISABLE_SHARE)


def run_on(composite: Composite) -> DetectedVideo:
    """Run the detector on every frame."""
    return run_detector(composite.video, composite.truth, DetectOptions(view=LAYOUT))


def measure(recording: DetectedVideo, every: int) -> dict[str, ExposureReport]:
    """Compare each method's redactions with the true faces when some frames are looked at."""
    chosen = recording.source.detection_frames(DetectionStride(every))
    frames = subsample_detections(recording.detections, chosen)
    return {
        name: measure_exposure(recording.truth, redactions, recording.source.view, MEASURE)
        for name, redactions in redact_by_method(frames, recording.method_settings()).items()
    }


def default_every(recording: DetectedVideo) -> int:
    """Return how many frames lie from one detection frame to the next unless told."""
    chosen = np.flatnonzero(recording.source.detection_frames(DetectionStride()))
    return int(chosen[1] - chosen[0])


def count_searched(name: str, sources: Sequence[JobVideo]) -> dict[str, float]:
    """Print and return how many frames of videos a job searches, and what choosing them takes."""
    frames = at_intervals = searched = 0
    spent_seconds = 0.0
    for source in sources:
        choice = source.frame_choice(DetectionStride())
        frames += len(source)
        at_intervals += int(np.count_nonzero(source.detection_frames(DetectionStride())))
        with closing(source.frames(source.first, source.stop)) as decoded:
            for frame in decoded:
                began = time.thread_time()
                searched += choice.is_due(frame) + choice.is_before_due
                spent_seconds += time.thread_time() - began
    ms_per_frame = round(1000 * spent_seconds / frames, 3)
    print(
        f"{name}: {frames} frames, {searched} searched, {at_intervals} without jumps, "
        f"{ms_per_frame} ms per frame"
    )
    return {
        "frames": frames,
        "searched": searched,
        "searched_without_jumps": at_intervals,
        "choice_ms_per_frame": ms_per_frame,
    }


def print_summary(every: int, name: str, summary: dict[str, float]) -> None:
    """Print one line of the table."""
    print(
        f"every {every} {name:16} recall {summary['recall_iou_50']:7.2%} "
        f"hidden {summary['hidden_share']:8.3%} longest {summary['longest_exposure_frames']:4} "
        f"frames, exposed {summary['exposed_face_seconds']:8.2f} face-s, "
        f"false area {summary['false_area_share']:.3%}"
    )


def main() -> None:
    """Measure, print and write the result."""
    parser = benchmark_parser(__doc__, seconds=20, runs=4)
    parser.add_argument("--clips", type=Path, help="folder of videos without known faces")
    options = parser.parse_args()
    recordings = [
        run_on(make_composite(options.folder, options.seconds, seed))
        for seed in range(options.runs)
    ]
    rows = []
    for every in EVERY:
        reports: dict[str, list[ExposureReport]] = defaultdict(list)
        for recording in recordings:
            for name, report in measure(recording, every).items():
                reports[name].append(report)
        for name, own in reports.items():
            summary = {key: round(value, 5) for key, value in pool_reports(own).items()}
            print_summary(every, name, summary)
            videos = [each.to_dict() for each in own]
            rows.append({"every": every, "method": name, **summary, "videos": videos})
    result: dict[str, Any] = {
        "settings": {"seconds": options.seconds, "seeds": options.runs, "view": LAYOUT},
        "default_every": default_every(recordings[0]),
        "searched": {
            "simulated": count_searched("simulated", [each.source for each in recordings])
        },
        "methods": rows,
    }
    if options.clips is not None:
        clips = [
            open_job_video(each, DetectOptions()) for each in sorted(options.clips.glob("*.mkv"))
        ]
        result["searched"]["clips"] = count_searched("clips", clips)
    write_result(options.result, "true faces that stay visible, by method and distance", result)


if __name__ == "__main__":
    main()
