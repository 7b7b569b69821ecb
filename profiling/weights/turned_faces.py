"""Measure what the second look finds, and mistakes, in frames that it turns by quarter turns.

    python profiling/weights/turned_faces.py SET.json FOLDER [--empty NAME=FOLDER]
        [--video NAME=FILE] [--job FILE]

The labelled pictures of SET.json (COCO) are upright. Counted are boxes that the other ways up
find in them and that no redaction of a picture's usual job hides: labelled faces, and false
alarms, which cost a redaction too many each. Besides, each picture is turned by a quarter turn,
so that its faces lie, and searched by the usual job and with the other ways up. `--empty` names
folders of pictures without a face, `--video` files of which two frames a second are taken; what
is found there is printed, so that a person can look at it. `--job` de-identifies a video and
states the share of its processor time that the turned frames take. Writes
``profiling/results/turned_faces.json``.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
from collections.abc import Iterable, Iterator, Mapping
from contextlib import closing
from dataclasses import asdict, dataclass
from pathlib import Path
from time import process_time
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from recorder_core.datasets import list_pictures, read_coco, read_picture_bgr, with_images
from recorder_core.deidentify.coverage import face_coverage, frame_shapes
from recorder_core.deidentify.redaction_shape import RedactionSettings
from recorder_core.deidentify.smoothing import redact_detections
from recorder_core.detect.detector import Detector, DetectorSettings, load_detector
from recorder_core.detect.view_input import InputGeometry
from recorder_core.jobs import DeidentifyOptions, DeidentifyRequest, deidentify_video
from recorder_core.jobs.verification import second_look
from recorder_core.jobs.verification.detectors import WayUp, other_ways_up
from recorder_core.jobs.verification.second_look import MAX_LYING_SHARE, MIN_COVERAGE, lying_faces
from recorder_core.jobs.verification.seen_faces import SeenFace
from recorder_core.media import open_video
from recorder_core.model import FrameDetections, Orientation, Planes, View
from recorder_core.model.faces.overlaps import box_overlaps
from recorder_core.model.frames.colours import planes_of_rgb

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "benches"))
from measuring import RESULTS, write_result

#: from which a picture's box is redacted, and a video's face is confirmed
PICTURE_SCORE, VIDEO_SCORE = 0.3, 0.5
SAME_FACE_IOU: Final = 0.3
_NONE: Final = np.zeros((0, 4), np.float32)


@dataclass(slots=True)
class Counts:
    """What was counted in one set."""

    pictures: int = 0
    faces: int = 0
    #: found turned, beside the redactions
    false_alarms: int = 0
    found_beside_redactions: int = 0
    #: faces that lie, found by the usual job, and with the other ways up as well
    lying_usual: int = 0
    lying_turned: int = 0


class Searcher:
    """Searches pictures with one loaded network."""

    def __init__(self) -> None:
        self._loaded: Detector | None = None

    def at(self, planes: Planes) -> Detector:
        """Return the detector for pictures of a size."""
        view = View(0, 0, planes.width, planes.height)
        if self._loaded is None:
            self._loaded = load_detector(DetectorSettings(threads=1), view, any_size=True)
        return self._loaded.for_geometry(InputGeometry.fit(view))

    def count(
        self,
        counts: Counts,
        planes: Planes,
        faces: NDArray[np.float32],
        name: str,
        max_share: float = 1.0,
    ) -> None:
        """Add one upright picture, or frame of a video with its largest face, to the counts."""
        detector = self.at(planes)
        upright = detector.detect(planes)
        counts.pictures += 1
        counts.faces += len(faces)
        found = FrameDetections(0, 0, upright.xyxy_px, upright.scores)
        redactions = redact_detections([found], PICTURE_SCORE)[0]
        shapes = frame_shapes(redactions, detector.view, RedactionSettings())
        for face in lying_faces(other_ways_up(detector), planes, [], max_share):
            if face_coverage(face.box_xyxy_px, shapes) >= MIN_COVERAGE:
                continue
            box = np.array([face.box_xyxy_px])
            is_face = _hits(box, faces) > 0
            print(f"{name}: {face.turns} turns, {face.score:.2f}, {box[0].round()}, {is_face}")
            counts.found_beside_redactions += is_face
            counts.false_alarms += not is_face
        if len(faces):
            self._count_lying(counts, planes, faces.astype(np.float64))

    def _count_lying(self, counts: Counts, planes: Planes, faces: NDArray[np.float64]) -> None:
        """Add a picture whose faces lie, because it was turned, to the counts."""
        orientation = Orientation(turns=1)
        lying = planes_turned(planes, orientation)
        there = orientation.show_boxes(faces, planes.width, planes.height)
        detector = self.at(lying)
        usual = detector.detect(lying)
        seen = usual.xyxy_px[usual.scores >= VIDEO_SCORE].astype(np.float64)
        counts.lying_usual += _hits(there, seen)
        more = [face.box_xyxy_px for face in lying_faces(other_ways_up(detector), lying, [])]
        counts.lying_turned += _hits(there, np.array([*seen.tolist(), *more]).reshape(-1, 4))


def planes_turned(planes: Planes, orientation: Orientation) -> Planes:
    """Return planes of an even size as they are shown."""
    y, u, v = (np.ascontiguousarray(orientation.show(p)) for p in (planes.y, planes.u, planes.v))
    return Planes(y, u, v, planes.full_range, planes.matrix)


def _hits(faces: NDArray[Any], boxes: NDArray[Any]) -> int:
    """Return how many faces a box overlaps."""
    if not len(boxes):
        return 0
    overlaps = box_overlaps(faces.astype(np.float64), boxes.astype(np.float64))
    return int((overlaps.max(axis=1) >= SAME_FACE_IOU).sum())


def picture_planes(path: Path) -> Planes:
    """Read a picture, cut to an even size."""
    rgb = read_picture_bgr(path)[:, :, ::-1]
    height, width = rgb.shape[0] // 2 * 2, rgb.shape[1] // 2 * 2
    return planes_of_rgb(np.ascontiguousarray(rgb[:height, :width]))


def video_planes(path: Path) -> Iterator[Planes]:
    """Yield two frames in a second of a video."""
    last = -1
    with open_video(path) as video, closing(video.decode()) as frames:
        for frame in frames:
            half = int(frame.seconds * 2)
            if half != last:
                last = half
                yield frame.planes


def measure_job(path: Path) -> dict[str, float]:
    """De-identify a video, and return the processor time of all of it and of turned frames."""
    spent = 0.0

    def timed(
        ways_up: Mapping[int, WayUp], planes: Planes, upright: list[SeenFace], max_share: float
    ) -> list[SeenFace]:
        nonlocal spent
        start = process_time()
        found = lying_faces(ways_up, planes, upright, max_share)
        spent += process_time() - start
        return found

    second_look.lying_faces = timed  # type: ignore[assignment]
    with tempfile.TemporaryDirectory() as folder:
        start = process_time()
        options = DeidentifyOptions(view="surgery-box")
        result = deidentify_video(
            DeidentifyRequest(source=path, output=Path(folder) / "copy.mp4", options=options)
        )
        seconds = process_time() - start
    second_look.lying_faces = lying_faces
    frames = result.report.second_look.frames
    return {
        "job_seconds": round(seconds, 2),
        "turned_frames": frames,
        "turned_seconds": round(spent, 3),
        "share": round(spent / seconds, 4),
    }


def main() -> None:
    """Measure every set, and write the result."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("labels", type=Path)
    parser.add_argument("images", type=Path)
    parser.add_argument("--empty", action="append", default=[], metavar="NAME=FOLDER")
    parser.add_argument("--video", action="append", default=[], metavar="NAME=FILE")
    parser.add_argument("--job", type=Path, metavar="FILE", help="a simulated surgery")
    parser.add_argument("--result", type=Path, default=RESULTS / "turned_faces.json")
    options = parser.parse_args()
    searcher, measured = Searcher(), {}
    labelled = measured["labelled"] = Counts()
    for picture in with_images(read_coco(options.labels), options.images).pictures:
        searcher.count(
            labelled, picture_planes(picture.path), picture.boxes_xyxy_px, picture.file_name
        )
    for kind, values in (("empty", options.empty), ("video", options.video)):
        for word in values:
            name, _, place = word.partition("=")
            counts = measured.setdefault(name, Counts())
            every: Iterable[Planes] = video_planes(Path(place))
            if kind == "empty":
                every = (picture_planes(path) for path in list_pictures(Path(place)))
            limit = MAX_LYING_SHARE if kind == "video" else 1.0
            for number, planes in enumerate(every):
                searcher.count(counts, planes, _NONE, f"{name} {number}", limit)
    content: dict[str, Any] = {"sets": {name: asdict(each) for name, each in measured.items()}}
    if options.job:
        content["job"] = measure_job(options.job)
    write_result(options.result, "faces that lie, found and mistaken", content)


if __name__ == "__main__":
    main()
