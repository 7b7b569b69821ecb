"""Measure how many faces stay visible where the detector looks seldom.

    python profiling/benches/bench_sparse.py [--folder FOLDER] [--seconds 30] [--runs 4]

Simulated surgeries with known faces, one for each of the seeds 100, 101, ... (`--runs`), 10
frames per second. The room view is made so small for the detector that its faces are weak.
``sparse``: a recording that holds only every Nth frame. ``skipped``: all frames are there, and
the detector looks at every Nth. Each is decided twice: as the job does it, and with boxes that
are only counted, however long they stand.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from fractions import Fraction
from itertools import product
from typing import Any, Final

from measuring import LAYOUT, benchmark_parser, write_result

from recorder_core.deidentify import SkippedFrame, SmoothingSettings, smooth_all
from recorder_core.detect import DetectorSettings
from recorder_core.evaluation.video import (
    RECOGNISABLE_SHARE,
    ExposureSettings,
    TruthFrame,
    measure_exposure,
    pool_reports,
)
from recorder_core.evaluation.video.smoothing_methods import VideoFrame
from recorder_core.jobs import DetectOptions
from recorder_core.jobs.measuring.detected_video import DetectedVideo, run_detector_on_surgery
from recorder_core.simulate import SimulationSettings

RATE: Final = Fraction(10)
FIRST_SEED: Final = 100
LONG_SIDES_PX: Final = (192, 256, 320)
#: seconds from one look to the next
INTERVALS: Final = (0.1, 0.5, 1.0, 2.0, 5.0)
MEASURE: Final = ExposureSettings(min_visible=RECOGNISABLE_SHARE)
COUNTED: Final = replace(SmoothingSettings(), evidence_standing_seconds=1e9)
SETTINGS: Final = {"counted": COUNTED, "standing": SmoothingSettings()}


def sparse(recording: DetectedVideo, step: int) -> tuple[Sequence[VideoFrame], list[TruthFrame]]:
    """Return every Nth frame, as if the recording held no others."""
    frames = [
        replace(each, frame_index=place) for place, each in enumerate(recording.detections[::step])
    ]
    truth = [
        TruthFrame(place, each.seconds, tuple(replace(f, frame_index=place) for f in each.faces))
        for place, each in enumerate(recording.truth[::step])
    ]
    return frames, truth


def skipped(recording: DetectedVideo, step: int) -> tuple[Sequence[VideoFrame], list[TruthFrame]]:
    """Return all frames; the detector looks at every Nth."""
    frames = [
        SkippedFrame(each.frame_index, each.pts) if place % step else each
        for place, each in enumerate(recording.detections)
    ]
    return frames, recording.truth


KINDS: Final = {"sparse": sparse, "skipped": skipped}


def measure(
    recordings: Sequence[DetectedVideo], kind: str, seconds: float, settings: SmoothingSettings
) -> dict[str, float]:
    """Return how much stays visible, all recordings together."""
    reports = []
    for recording in recordings:
        source = recording.source
        frames, truth = KINDS[kind](recording, round(seconds * RATE))
        decided = smooth_all(frames, settings, source.view, source.video.time_base)
        reports.append(measure_exposure(truth, decided, source.view, MEASURE))
    pooled = pool_reports(reports)
    names = ("hidden_share", "exposed_face_seconds", "longest_exposure_frames", "false_area_share")
    return {name: round(float(pooled[name]), 4) for name in names}


def compare(recordings: Sequence[DetectedVideo], long_side_px: int) -> list[dict[str, Any]]:
    """Measure one size of the network's input at every interval."""
    rows = []
    for kind, seconds, (name, settings) in product(KINDS, INTERVALS, SETTINGS.items()):
        found = measure(recordings, kind, seconds, settings)
        row = {"long_side_px": long_side_px, "kind": kind, "interval_seconds": seconds}
        rows.append(row | {"evidence": name} | found)
        print(
            f"{long_side_px} px {kind:7} every {seconds:3} s {name:8} "
            f"hidden {found['hidden_share']:7.2%} "
            f"exposed {found['exposed_face_seconds']:6.1f} face-s, "
            f"longest {found['longest_exposure_frames']:3.0f} frames, "
            f"false area {found['false_area_share']:.2%}"
        )
    return rows


def main() -> None:
    """Measure, print and write the result."""
    options = benchmark_parser(__doc__, seconds=30, runs=4).parse_args()
    rows = []
    for side in LONG_SIDES_PX:
        wanted = DetectOptions(view=LAYOUT, detector=DetectorSettings(long_side_px=side))
        recordings = [
            run_detector_on_surgery(
                options.folder / "sparse",
                SimulationSettings(
                    duration_seconds=options.seconds, frame_rate=RATE, seed=FIRST_SEED + run
                ),
                wanted,
            )
            for run in range(options.runs)
        ]
        rows += compare(recordings, side)
    settings = {"seconds": options.seconds, "seeds": options.runs, "rate_hz": float(RATE)}
    result = {"settings": settings | {"view": LAYOUT}, "rows": rows}
    write_result(options.result, "true faces that stay visible where looks are seldom", result)


if __name__ == "__main__":
    main()
