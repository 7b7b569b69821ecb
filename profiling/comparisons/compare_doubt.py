"""Measure which limits name false tracks as doubtful, and how many faces they name with them.

    python profiling/comparisons/compare_doubt.py [--seconds 30] [--runs 10] [--rooms SET]

Simulated surgeries with known faces, one for each of the seeds 100, 101, ... (`--runs`), with
0 to 4 people, 10 frames per second as the detector looks at them. Each is searched as a whole,
and in its room view alone. With `--rooms`, the folder that `make_or_validation` wrote, its
staffed rooms too, each as a video of 2 seconds in which the camera pans.

A track is true if at least half of its boxes overlap a face that is there.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from fractions import Fraction
from itertools import product
from pathlib import Path
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from recorder_core.datasets import LabelledPicture, read_coco, read_picture_bgr, with_images
from recorder_core.deidentify import smooth_all
from recorder_core.evaluation.video import TruthFrame
from recorder_core.jobs import DetectOptions
from recorder_core.jobs.measuring.detected_video import (
    DetectedVideo,
    run_detector,
    run_detector_on_surgery,
)
from recorder_core.media.encode.synthesis import SynthesisSettings, write_video
from recorder_core.model import Planes, TruthFace
from recorder_core.model.faces.overlaps import box_overlaps
from recorder_core.model.frames.colours import planes_of_rgb
from recorder_core.review import DoubtSettings, find_doubts
from recorder_core.simulate import SimulationSettings
from recorder_core.tables import RedactionTable

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "benches"))
from measuring import LAYOUT, benchmark_parser, write_result

RATE: Final = Fraction(10)
FIRST_SEED: Final = 100
#: a detection with this overlap is of the face
SAME_FACE_IOU: Final = 0.2
#: limits that are compared with those of the program, one after the other
LIMITS: Final[Mapping[str, Sequence[float]]] = {
    "max_height_ratio": (2.0, 3.0, 4.0, 6.0),
    "max_view_share": (0.2, 0.3, 0.4, 0.5),
    "min_sure_share": (0.0, 0.3, 0.5, 0.6, 0.7, 0.8),
    "steady_share": (0.8, 0.9, 1.01),
}
PAN_FRAMES: Final = 20
#: shift of the camera from frame to frame, in pixels right and down
PAN_PX: Final = (2, 1)
_PAN_BIT_RATE_BPS: Final = 3_000_000


@dataclass(frozen=True, slots=True)
class Judged:
    """What was planned in one video, and which of its tracks are faces."""

    table: RedactionTable
    view_height_px: int
    #: track -> whether it is one
    truth: dict[int, bool]


def judge(recording: DetectedVideo) -> Judged:
    """Plan the redactions of a video and compare its tracks with the true faces."""
    source, settings = recording.source, recording.method_settings()
    planned = smooth_all(
        recording.detections, settings.smoothing, source.view, source.video.time_base
    )
    redactions = [each for row in planned.values() for each in row]
    table = RedactionTable.from_redactions(redactions, source.index.pts)
    faces = {frame.frame_index: frame.faces for frame in recording.truth}
    hits: dict[int, list[bool]] = {}
    for each in redactions:
        if np.isfinite(each.score):
            hit = _is_face(each.box_xyxy_px, faces[each.frame_index])
            hits.setdefault(each.track, []).append(hit)
    truth = {track: bool(np.mean(own) >= 0.5) for track, own in hits.items()}
    return Judged(table, source.view.height, truth)


def _is_face(box_xyxy_px: Sequence[float], faces: Sequence[TruthFace]) -> bool:
    if not faces:
        return False
    overlaps = box_overlaps(np.array([box_xyxy_px]), np.array([f.box_xyxy_px for f in faces]))
    return bool(overlaps.max() >= SAME_FACE_IOU)


def count(videos: Sequence[Judged], settings: DoubtSettings) -> dict[str, int]:
    """Count the tracks that are named with some limits."""
    named = {"false": 0, "true": 0}
    for video in videos:
        for doubt in find_doubts(video.table, video.view_height_px, settings):
            named["true" if video.truth[doubt.track] else "false"] += 1
    tracks = [is_face for video in videos for is_face in video.truth.values()]
    return {
        "false_tracks": len(tracks) - sum(tracks),
        "false_named": named["false"],
        "true_tracks": sum(tracks),
        "true_named": named["true"],
    }


def compare(videos: Mapping[str, Sequence[Judged]]) -> list[dict[str, Any]]:
    """Count with the program's limits, then with each of them changed alone."""
    usual = DoubtSettings()
    chosen = [usual] + [
        replace(usual, **{name: value})
        for name, values in LIMITS.items()
        for value in values
        if value != getattr(usual, name)
    ]
    rows = []
    for settings, (kind, own) in product(chosen, videos.items()):
        rows.append({"kind": kind, **asdict(settings), **count(own, settings)})
        print_row(rows[-1])
    return rows


def print_row(row: Mapping[str, Any]) -> None:
    """Print one line of the table."""
    print(
        f"{row['kind']:16} height {row['max_height_ratio']:g} times, {row['max_view_share']:g} of "
        f"the view, sure {row['min_sure_share']:g}, steady {row['steady_share']:g}: "
        f"false {row['false_named']:3} of {row['false_tracks']:3} named, "
        f"true {row['true_named']:3} of {row['true_tracks']:3}"
    )


def surgeries(folder: Path, seconds: float, runs: int, view: str) -> Iterator[Judged]:
    """Simulate surgeries, with fewer people in the later ones, and judge each."""
    for run in range(runs):
        settings = SimulationSettings(
            duration_seconds=seconds,
            frame_rate=RATE,
            seed=FIRST_SEED + run,
            faces=max(0, 4 - max(0, run - runs // 2)),
        )
        yield judge(run_detector_on_surgery(folder, settings, DetectOptions(view=view)))


def staffed_rooms(folder: Path, videos: Path) -> Iterator[Judged]:
    """Pan over every picture of a set and judge what is planned in it."""
    labelled = with_images(read_coco(folder / "or_validation.json"), folder / "or_validation")
    for number, picture in enumerate(labelled.pictures):
        yield judge(_pan(picture, videos / f"room_{number}.mp4"))


def _pan(picture: LabelledPicture, video: Path) -> DetectedVideo:
    """Write a video of a picture, seen by a camera that moves, and detect in it."""
    whole = read_picture_bgr(picture.path)
    height, width = (np.array(whole.shape[:2]) - PAN_FRAMES * max(PAN_PX)) // 4 * 4
    frames = [
        whole[down : down + height, right : right + width]
        for right, down in (np.array(PAN_PX) * step for step in range(PAN_FRAMES))
    ]
    settings = SynthesisSettings(RATE, _PAN_BIT_RATE_BPS)
    write_video(video, ((_planes(frame), None) for frame in frames), settings)
    return replace(run_detector(video), truth=[_truth(picture, i) for i in range(PAN_FRAMES)])


def _planes(frame_bgr: NDArray[np.uint8]) -> Planes:
    return planes_of_rgb(np.ascontiguousarray(frame_bgr[:, :, ::-1]))


def _truth(picture: LabelledPicture, step: int) -> TruthFrame:
    right, down = PAN_PX[0] * step, PAN_PX[1] * step
    faces = []
    for number, (x0, y0, x1, y1) in enumerate(picture.boxes_xyxy_px.tolist()):
        box = (x0 - right, y0 - down, x1 - right, y1 - down)
        faces.append(TruthFace(step, step, number, box, 1.0, "plain"))
    return TruthFrame(step, float(step / RATE), tuple(faces))


def main() -> None:
    """Measure, print and write the result."""
    parser: argparse.ArgumentParser = benchmark_parser(__doc__, seconds=30, runs=10)
    parser.add_argument("--rooms", type=Path, help="folder that make_or_validation wrote")
    options = parser.parse_args()
    sizes = options.folder / "doubt", options.seconds, options.runs
    videos = {"whole composite": list(surgeries(*sizes, "full"))}
    videos["room view"] = list(surgeries(*sizes, LAYOUT))
    if options.rooms:
        with tempfile.TemporaryDirectory() as folder:
            videos["staffed rooms"] = list(staffed_rooms(options.rooms, Path(folder)))
    result = {
        "settings": {"seconds": options.seconds, "seeds": options.runs, "rate_hz": float(RATE)},
        "program": asdict(DoubtSettings()),
        "limits": compare(videos),
    }
    write_result(options.result, "tracks that are named as doubtful, by limit", result)


if __name__ == "__main__":
    main()
