"""Measure how well faces are hidden when the detector looks at every 1st to 6th picture.

    python profiling/bench_exposure.py [--folder FOLDER] [--seconds 20] [--runs 4]

Simulated surgeries with known faces, one for each of the seeds 0, 1, ... (`--runs`).
Detection runs once on every picture; then the pictures between looks are hidden from
the tracker. "before" redacts each detection in its own picture only, "after" is what
the job redacts, "temporal_kernel" is the method of FaceOff to compare with.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import Final

from measuring import LAYOUT, Composite, benchmark_parser, make_composite, write_result

from recorder_core.deidentify import (
    ExposureReport,
    ExposureSettings,
    SkippedFrame,
    SmoothingSettings,
    TruthFrame,
    measure_exposure,
    redact_detections,
    smooth_all,
    temporal_kernel,
)
from recorder_core.jobs import DetectOptions, detect_in_video
from recorder_core.jobs.pipeline import DetectionStride, FrameLimits
from recorder_core.jobs.score import RECOGNISABLE_SHARE
from recorder_core.jobs.source import Source
from recorder_core.model import FrameDetections, Redaction, TruthFace
from recorder_core.tables import read_truth

EVERY: Final = (1, 2, 3, 4, 6)
#: of every simulation here
FRAMES_PER_HOUR: Final = 30 * 3600
SMOOTHING: Final = SmoothingSettings()
MEASURE: Final = ExposureSettings(min_visible=RECOGNISABLE_SHARE)
Frame = FrameDetections | SkippedFrame


@dataclass(frozen=True, slots=True)
class Recording:
    """One simulated video, its true faces, and what the detector sees in it."""

    source: Source
    truth: list[TruthFrame]
    detections: list[FrameDetections]


def look_at(composite: Composite) -> Recording:
    """Run the detector on every picture."""
    options = DetectOptions(view=LAYOUT, stride=DetectionStride(every=1))
    table, source = detect_in_video(composite.video, options)
    by_frame: dict[int, list[TruthFace]] = defaultdict(list)
    truth = read_truth(composite.truth)
    for face in truth.faces:
        by_frame[face.frame_index].append(face)
    seconds = float(source.video.time_base)
    frames = [
        TruthFrame(index, pts * seconds, tuple(by_frame[index])) for index, pts in truth.frames
    ]
    return Recording(source, frames, table.to_frames())


def redact_by_method(recording: Recording, every: int) -> dict[str, dict[int, list[Redaction]]]:
    """Return what each method redacts when only some pictures are looked at."""
    frames: list[Frame] = [
        each if each.frame_index % every == 0 else SkippedFrame(each.frame_index, each.pts)
        for each in recording.detections
    ]
    view, time_base = recording.source.view, recording.source.video.time_base
    look_ahead = FrameLimits(recording.source.frame_bytes).look_ahead_frames
    return {
        "before": redact_detections(frames, SMOOTHING.birth_score),
        "after": smooth_all(frames, SMOOTHING, view, time_base, look_ahead),
        "temporal_kernel": temporal_kernel(frames, view),
    }


def measure(recording: Recording, redactions: Mapping[int, Sequence[Redaction]]) -> ExposureReport:
    """Compare one method's redactions with the true faces."""
    return measure_exposure(recording.truth, redactions, recording.source.view, MEASURE)


def summarise(reports: Sequence[ExposureReport]) -> dict[str, float]:
    """Return the measures of several videos as if they were one."""
    faces = sum(each.faces for each in reports)
    hours = sum(each.frames for each in reports) / FRAMES_PER_HOUR
    exposed = sum(each.exposed_face_seconds for each in reports)
    return {
        "visible_faces": faces,
        "recall_iou_50": round(sum(r.recall_iou_50 * r.faces for r in reports) / faces, 4),
        "recall_iou_30": round(sum(r.recall_iou_30 * r.faces for r in reports) / faces, 4),
        "hidden_share": round(sum(r.hidden_share * r.faces for r in reports) / faces, 5),
        "tracks": sum(each.tracks for each in reports),
        "tracks_ever_exposed": sum(each.tracks_ever_exposed for each in reports),
        "longest_exposure_frames": max(each.longest_exposure_frames for each in reports),
        "exposed_face_seconds": round(exposed, 3),
        "exposed_face_seconds_per_hour": round(exposed / hours, 1),
        "false_area_share": round(sum(r.false_area_share for r in reports) / len(reports), 5),
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
    options = benchmark_parser(__doc__, seconds=20, runs=4).parse_args()
    recordings = [
        look_at(make_composite(options.folder, options.seconds, seed))
        for seed in range(options.runs)
    ]
    rows = []
    for every in EVERY:
        reports: dict[str, list[ExposureReport]] = defaultdict(list)
        for recording in recordings:
            for name, redactions in redact_by_method(recording, every).items():
                reports[name].append(measure(recording, redactions))
        for name, own in reports.items():
            summary = summarise(own)
            print_summary(every, name, summary)
            videos = [each.to_dict() for each in own]
            rows.append({"every": every, "method": name, **summary, "videos": videos})
    result = {
        "settings": {"seconds": options.seconds, "seeds": options.runs, "view": LAYOUT},
        "default_every": DetectionStride().for_rate(Fraction(30)).every,
        "methods": rows,
    }
    write_result(options.result, "true faces that stay visible, by method and distance", result)


if __name__ == "__main__":
    main()
