"""Compare ways to use time on the same detections: none, FaceOff's kernel, our tracks.

    python profiling/comparisons/compare_smoothing.py [--seconds 20] [--runs 4] [--clips FOLDER]

Simulated surgeries with known faces, one for each of the seeds 0, 1, ... (`--runs`).
Every video is detected in once; the detections are data, and every method replays
them. Four *conditions* change what the methods get:

- ``every frame``: all that the detector saw;
- ``default stride``: only the frames that the job looks at unless told otherwise;
- ``misses alone``, ``misses in runs``: faces are struck out until the detector's recall
  is that of FaceOff before smoothing, 88.05 %; each on its own, or in runs of half a
  second on average, as a face is missed that turns or is covered.

With `--clips`, videos without known faces are measured too: how steady redactions are,
and what a detector still finds in the redacted frames.
"""

from __future__ import annotations

import argparse
import sys
from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray
from redacted_clips import KERNELS, compare_on_clips

from recorder_core.evaluation.video import (
    RECOGNISABLE_SHARE,
    ExposureReport,
    ExposureSettings,
    measure_exposure,
    pool_reports,
    redact_by_method,
    subsample_detections,
)
from recorder_core.evaluation.video.smoothing_methods import VideoFrame
from recorder_core.jobs import DetectOptions
from recorder_core.jobs.inputs.stride import DetectionStride
from recorder_core.jobs.measuring.detected_video import DetectedVideo, run_detector
from recorder_core.model import FrameDetections
from recorder_core.model.faces.overlaps import box_overlaps

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "benches"))
from measuring import LAYOUT, benchmark_parser, make_composite, write_result

MEASURE: Final = ExposureSettings(min_visible=RECOGNISABLE_SHARE)
#: E. Flouty et al., "FaceOff: Anonymizing Videos in the Operating Rooms", OR 2.0 at
#: MICCAI 2018, abstract: recall before and after temporal smoothing
FACEOFF_RECALL: Final = {"before": 0.8805, "after": 0.9345}
#: mean length of a run of misses
RUN_SECONDS: Final = 0.5
#: a detection with this overlap is of the face
SAME_FACE_IOU: Final = 0.3

Condition = Callable[[DetectedVideo, np.random.Generator], Sequence[VideoFrame]]


def all_frames(recording: DetectedVideo, _: np.random.Generator) -> Sequence[VideoFrame]:
    """Return all that the detector saw."""
    return recording.detections


def default_stride(recording: DetectedVideo, _: np.random.Generator) -> Sequence[VideoFrame]:
    """Return the detections of the job's detection frames."""
    pts = np.array([each.pts for each in recording.detections], np.int64)
    chosen = DetectionStride().detection_frames(pts, recording.source.video.time_base)
    return subsample_detections(recording.detections, chosen)


def strike_out(
    recording: DetectedVideo, mean_run: float, rng: np.random.Generator
) -> list[VideoFrame]:
    """Drop detections of faces until recall is that of FaceOff before smoothing.

    Whether a face is missed follows a Markov chain of two states, one chain for each
    face, with the wanted share of misses and mean length of a run of them.
    """
    share = 1 - FACEOFF_RECALL["before"]
    leave = 1 / mean_run
    enter = share * leave / (1 - share)
    missed: dict[int, bool] = {}
    frames: list[VideoFrame] = []
    for frame, truth in zip(recording.detections, recording.truth, strict=True):
        hidden = []
        for face in truth.faces:
            was = missed.get(face.face_id)
            chance = share if was is None else (1 - leave if was else enter)
            missed[face.face_id] = bool(rng.random() < chance)
            if missed[face.face_id]:
                hidden.append(face.box_xyxy_px)
        frames.append(_without(frame, np.array(hidden, float).reshape(-1, 4)))
    return frames


def _without(frame: FrameDetections, faces_xyxy_px: NDArray[np.float64]) -> FrameDetections:
    """Return a frame without the detections of some faces."""
    if not len(faces_xyxy_px) or not len(frame):
        return frame
    overlaps = box_overlaps(frame.boxes_xyxy_px.astype(float), faces_xyxy_px)
    kept = overlaps.max(axis=1) < SAME_FACE_IOU
    return FrameDetections(
        frame.frame_index, frame.pts, frame.boxes_xyxy_px[kept], frame.scores[kept]
    )


def misses_alone(recording: DetectedVideo, rng: np.random.Generator) -> Sequence[VideoFrame]:
    """Miss faces in single frames, each on its own: a run ends as often as chance says."""
    return strike_out(recording, 1 / FACEOFF_RECALL["before"], rng)


def misses_in_runs(recording: DetectedVideo, rng: np.random.Generator) -> Sequence[VideoFrame]:
    """Miss faces for half a second on average."""
    seconds = [frame.seconds for frame in recording.truth]
    frame_seconds = (seconds[-1] - seconds[0]) / max(len(seconds) - 1, 1)
    return strike_out(recording, RUN_SECONDS / frame_seconds, rng)


CONDITIONS: Final[Mapping[str, Condition]] = {
    "every frame": all_frames,
    "default stride": default_stride,
    "misses alone": misses_alone,
    "misses in runs": misses_in_runs,
}


def compare(recordings: Sequence[DetectedVideo]) -> list[dict[str, Any]]:
    """Measure every method under every condition."""
    rows = []
    for condition, change in CONDITIONS.items():
        reports: dict[str, list[ExposureReport]] = defaultdict(list)
        for seed, recording in enumerate(recordings):
            frames = change(recording, np.random.default_rng(seed))
            methods = redact_by_method(frames, recording.method_settings(KERNELS))
            for name, redactions in methods.items():
                view = recording.source.view
                reports[name].append(measure_exposure(recording.truth, redactions, view, MEASURE))
        for name, own in reports.items():
            pooled = {key: round(value, 5) for key, value in pool_reports(own).items()}
            rows.append({"condition": condition, "method": name, **pooled})
            print_row(rows[-1])
    return rows


def print_row(row: Mapping[str, Any]) -> None:
    """Print one line of the table."""
    print(
        f"{row['condition']:15} {row['method']:19} recall {row['recall_iou_50']:7.2%} "
        f"hidden {row['hidden_share']:8.3%} "
        f"tracks over 0.1 s {row['tracks_exposed_over_0.1_s']:6.1%} "
        f"over 0.2 s {row['tracks_exposed_over_0.2_s']:6.1%} "
        f"longest {row['longest_exposure_frames']:3} frames, "
        f"exposed {row['exposed_face_seconds']:7.2f} face-s, "
        f"false area {row['false_area_share']:.2%}"
    )


def main() -> None:
    """Measure, print and write the result."""
    parser: argparse.ArgumentParser = benchmark_parser(__doc__, seconds=20, runs=4)
    parser.add_argument("--clips", type=Path, help="folder of videos without known faces")
    options = parser.parse_args()
    recordings = []
    for seed in range(options.runs):
        composite = make_composite(options.folder, options.seconds, seed)
        view = DetectOptions(view=LAYOUT)
        recordings.append(run_detector(composite.video, composite.truth, view))
    result: dict[str, Any] = {
        "settings": {"seconds": options.seconds, "seeds": options.runs, "view": LAYOUT},
        "kernel_radius_frames": KERNELS,
        "faceoff_published_recall": FACEOFF_RECALL,
        "simulated": compare(recordings),
    }
    if options.clips is not None:
        result["clips"] = compare_on_clips(options.clips)
    write_result(options.result, "what three ways to use time leave visible", result)


if __name__ == "__main__":
    main()
