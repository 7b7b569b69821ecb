"""A second, independent look at the finished copy, for faces that it still shows.

The job's own detections cannot say what they missed. So frames between the detection
frames, and such at which the picture jumps, are taken from the finished file, decoded, and
searched again in another scale; where the job worked on a part of the frame, the whole frame
is searched, too.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass, field, replace
from heapq import merge
from operator import itemgetter
from pathlib import Path
from typing import Final

import numpy as np
from numpy.typing import NDArray

from recorder_core.deidentify.coverage import face_coverage, frame_shapes
from recorder_core.deidentify.redaction_shape import RedactionSettings
from recorder_core.detect.detector import Detector
from recorder_core.detect.stages import ScoredBoxes
from recorder_core.jobs.inputs.job_video import JobVideo
from recorder_core.jobs.inputs.options import DeidentifyOptions
from recorder_core.jobs.verification.detectors import WayUp, around_detector, detectors_inside
from recorder_core.jobs.verification.seen_faces import FAINT_SCORE, SecondLook, SeenFace
from recorder_core.media import Frame, decode_at_keyframes, open_video
from recorder_core.model import Planes, View
from recorder_core.model.faces.overlaps import box_overlaps
from recorder_core.tables import RedactionTable, select_rows

__all__ = [
    "ATTEMPTS",
    "MAX_LYING_SHARE",
    "MIN_COVERAGE",
    "SURE_SCORE",
    "FaceJudge",
    "faces_outside",
    "is_among",
    "lying_faces",
    "search_copy",
    "sure_faces",
]

#: one frame in so many seconds is looked at again, in a short video so many frames, but at
#: most one of each GOP: together at most a twentieth of the job's time (see
#: profiling/benches/bench_job.py)
_INTERVAL_SECONDS: Final = 4.0
_MIN_FRAMES: Final = 6
#: from this score a box counts as a face; the tracker confirms a face from 0.5, but it has
#: neighbouring frames to tell a face from a reflection
SURE_SCORE: Final = 0.7
#: nor does a box outside the view count that is higher than this share of the frame
_MAX_OUTSIDE_HEIGHT: Final = 0.4
#: nor one in a video that lies and is larger than this share of the view's shorter side: what an
#: endoscope sees, turned, resembles a face that fills the frame (profiling/weights/turned_faces.py)
MAX_LYING_SHARE: Final = 0.45
#: how often what a second look sees is hidden before the copy is refused
ATTEMPTS: Final = 3
#: a face is hidden if this share of its box is: the two looks do not agree on its edges,
#: and what is left of a face beside its redaction cannot be recognised
MIN_COVERAGE: Final = 0.7
#: two boxes of one frame that overlap so much are one face
_SAME_FACE_IOU: Final = 0.4


@dataclass(slots=True)
class _Found:
    """What was found so far."""

    frames: list[int] = field(default_factory=list)
    exposed: list[SeenFace] = field(default_factory=list)
    outside_view: list[SeenFace] = field(default_factory=list)
    inside_redactions: int = 0
    best_score: float = 0.0
    #: frames in which something resembles a face
    faint_frames: list[int] = field(default_factory=list)

    def sort(self, faces: Sequence[SeenFace], judge: FaceJudge) -> None:
        """Count faces in the view as hidden, or as exposed unless a person lifted it."""
        for face in faces:
            if judge.is_hidden(face):
                self.inside_redactions += 1
            elif not judge.is_lifted(face):
                self.exposed.append(face)

    def note(self, frame_index: int, whole_frame: ScoredBoxes) -> None:
        """Keep the best score of what was found in a whole frame."""
        score = max([*whole_frame.scores.tolist(), 0.0])
        self.best_score = max(self.best_score, score)
        if score >= FAINT_SCORE:
            self.faint_frames.append(frame_index)


class FaceJudge:
    """Says whether a redaction hides a face, or a person left it visible.

    Parameters
    ----------
    view : View
        Part of the frame in which redactions are.
    redaction : RedactionSettings
        Their shape.
    table : RedactionTable
        What was planned, lifted redactions included.
    """

    def __init__(self, view: View, redaction: RedactionSettings, table: RedactionTable) -> None:
        self._view, self._redaction, self._table = view, redaction, table

    def is_hidden(self, face: SeenFace) -> bool:
        """Return whether redactions cover a face."""
        return self._is_covered(face, applied=True)

    def is_lifted(self, face: SeenFace) -> bool:
        """Return whether a person lifted redactions that would cover a face."""
        return self._is_covered(face, applied=False)

    def _is_covered(self, face: SeenFace, *, applied: bool) -> bool:
        rows = (self._table.frame_index == face.frame_index) & (self._table.applied == applied)
        redactions = select_rows(self._table, rows).to_redactions(applied_only=False)
        shapes = frame_shapes(redactions, self._view, self._redaction)
        return face_coverage(face.box_xyxy_px, shapes) >= MIN_COVERAGE


def search_copy(
    copy: Path,
    source: JobVideo,
    options: DeidentifyOptions,
    table: RedactionTable,
    spans: Sequence[range],
    *,
    searched: NDArray[np.int64],
) -> SecondLook:
    """Search frames of the finished copy for faces.

    Parameters
    ----------
    copy : Path
        The finished file.
    source : JobVideo
        What it was made from.
    options : DeidentifyOptions
        The job's.
    table : RedactionTable
        What was planned in it, lifted redactions included.
    spans : sequence of range
        Frame indices of what was encoded now; the rest was looked at when it was made.
        Where nothing was redacted, all of the copy is looked at.
    searched : ndarray of int64
        Frames that the job searched.

    Raises
    ------
    DecodeError
        If a frame of the copy cannot be decoded.
    """
    if not len(table):
        spans = [range(source.first, source.stop)]
    usual = source.detection_frames(options.stride)
    is_searched = np.isin(np.arange(len(usual)), searched)
    looks = _Looks(copy, source, usual, is_searched)
    around = around_detector(source, options)
    inside, ways_up = detectors_inside(source, options)
    judge = FaceJudge(source.view, options.redaction, table)
    found = _Found()
    for frame_index, frame in looks.frames(spans):
        found.frames.append(frame_index)
        boxes = inside.detect(frame.planes)
        faces = sure_faces(boxes)
        faces += lying_faces(ways_up, frame.planes, faces, MAX_LYING_SHARE)
        found.sort(_at_frame(faces, frame_index, source), judge)
        if around is not None:
            boxes = around.detect(frame.planes)
            faces = _at_frame(sure_faces(boxes), frame_index, source)
            found.outside_view += faces_outside(faces, source.view, source.video.height)
        found.note(frame_index, boxes)
    if not len(table) and not found.exposed and not found.outside_view:
        # what only the compression of the copy drew is no face
        found.best_score = min(
            found.best_score, _best_score(source, around or inside, found.faint_frames)
        )
    return SecondLook(
        len(found.frames),
        exposed=tuple(found.exposed),
        outside_view=tuple(found.outside_view),
        inside_redactions=found.inside_redactions,
        best_score=round(found.best_score, 3),
        frame_indices=tuple(found.frames),
    )


def _best_score(source: JobVideo, detector: Detector, frames: Sequence[int]) -> float:
    """Return the score of the likeliest face in frames of the source."""
    best = 0.0
    for frame in frames:
        with closing(source.frames(frame, frame + 1)) as decoded:
            boxes = detector.detect(next(decoded).planes)
        best = max([best, *boxes.scores.tolist()])
    return best


@dataclass(frozen=True, slots=True)
class _Slot:
    """A part of the copy in which one frame is looked at."""

    #: in the copy
    seconds: float
    #: frame indices of the source
    frames: range


class _Looks:
    """Chooses frames of the copy, and decodes them.

    Parameters
    ----------
    copy : Path
    source : JobVideo
        What it was made from.
    usual, searched : ndarray of bool
        For every frame of the source, whether the job was to search it whatever it shows, and
        whether it did: it searches more where the picture jumps.
    """

    def __init__(
        self,
        copy: Path,
        source: JobVideo,
        usual: NDArray[np.bool_],
        searched: NDArray[np.bool_],
    ) -> None:
        self._copy, self._source, self._searched = copy, source, searched
        self._jumps = np.flatnonzero(searched & ~usual)
        index = source.copy_index
        self._times = (index.pts - index.shift_pts) * float(source.video.time_base)

    def frames(self, spans: Sequence[range]) -> Iterator[tuple[int, Frame]]:
        """Yield a frame of each slot of spans: where the picture jumps, else at a keyframe."""
        jumps: list[int] = []
        calm: list[float] = []
        for slot in self._slots(spans):
            jump = self._jump_in(slot.frames)
            if jump is None:
                calm.append(slot.seconds)
            else:
                jumps.append(jump)
        last = -1
        for place, frame in merge(self._at_keyframes(calm), self._at(jumps), key=itemgetter(0)):
            if place > last:
                last = place
                yield place, frame

    def _slots(self, spans: Sequence[range]) -> Iterator[_Slot]:
        """Yield one slot for each look, `_INTERVAL_SECONDS` or less apart."""
        times, offset = self._times, self._source.first
        interval = min(_INTERVAL_SECONDS, float(times[-1] - times[0]) / _MIN_FRAMES)
        for span in spans:
            first, last = times[span.start - offset], times[span.stop - 1 - offset]
            steps = int((last - first) / interval) + 1 if interval > 0 else 1
            starts = float(first) + np.arange(steps) * interval
            places = np.searchsorted(times, starts).tolist()
            stops = [*places[1:], span.stop - offset]
            for seconds, start, stop in zip(starts.tolist(), places, stops, strict=True):
                yield _Slot(seconds, range(start + offset, stop + offset))

    def _jump_in(self, frames: range) -> int | None:
        """Return the middle one of the first frames in a row that show a jump, if any do."""
        inside = self._jumps[(self._jumps >= frames.start) & (self._jumps < frames.stop)]
        if not len(inside):
            return None
        in_row = inside[inside - inside[0] == np.arange(len(inside))]
        return int(in_row[len(in_row) // 2])

    def _at_keyframes(self, wanted_seconds: Sequence[float]) -> Iterator[tuple[int, Frame]]:
        """Yield the frame at the keyframe before each time, or the next if the job searched it."""
        for frames in decode_at_keyframes(self._copy, wanted_seconds, 2):
            distances = (np.abs(self._times - each.seconds) for each in frames)
            places = [int(np.argmin(each)) + self._source.first for each in distances]
            chosen = next((n for n, place in enumerate(places) if not self._searched[place]), 0)
            yield places[chosen], frames[chosen].frame

    def _at(self, places: Sequence[int]) -> Iterator[tuple[int, Frame]]:
        """Yield frames by their index in the source."""
        if places:
            with open_video(self._copy) as video:
                for place in places:
                    yield place, video.frame(place - self._source.first)


def _at_frame(faces: Sequence[SeenFace], frame_index: int, source: JobVideo) -> list[SeenFace]:
    """Return faces with the frame of a source in which they are, and its time."""
    pts = source.index.pts
    seconds = round(source.video.seconds(int(pts[frame_index] - pts[source.first])), 3)
    return [replace(face, frame_index=frame_index, seconds=seconds) for face in faces]


def sure_faces(boxes: ScoredBoxes) -> list[SeenFace]:
    """Return the boxes of one frame that are surely faces, as of the first frame.

    Parameters
    ----------
    boxes : ScoredBoxes
        What a detector found in it.
    """
    return [
        SeenFace(0, 0.0, round(score, 3), (x0, y0, x1, y1))
        for (x0, y0, x1, y1), score in zip(
            boxes.xyxy_px.tolist(), boxes.scores.tolist(), strict=True
        )
        if score >= SURE_SCORE
    ]


def is_among(face: SeenFace, others: Sequence[SeenFace]) -> bool:
    """Return whether a face is one of others of the same frame.

    Parameters
    ----------
    face : SeenFace
    others : sequence of SeenFace
    """
    if not others:
        return False
    boxes = np.array([other.box_xyxy_px for other in others], np.float64)
    overlaps = box_overlaps(np.array([face.box_xyxy_px], np.float64), boxes)
    return bool((overlaps >= _SAME_FACE_IOU).any())


def lying_faces(
    ways_up: Mapping[int, WayUp],
    planes: Planes,
    upright: Sequence[SeenFace],
    max_share: float = 1.0,
) -> list[SeenFace]:
    """Return what are surely faces in a frame when it is turned, and only then.

    Parameters
    ----------
    ways_up : mapping of int to WayUp
        From `other_ways_up`.
    planes : Planes
        The whole frame.
    upright : sequence of SeenFace
        What is surely a face in it as it is.
    max_share : float
        Largest width or height, as a share of the view's shorter side.
    """
    found: list[SeenFace] = []
    for turns, way_up in ways_up.items():
        view = way_up.search.view
        limit_px = max_share * min(view.width, view.height)
        seen = sure_faces(way_up.search.detect(planes))
        new = [face for face in seen if not is_among(face, [*upright, *found])]
        new = [face for face in new if _long_side_px(face) <= limit_px]
        confirmed = sure_faces(way_up.confirm.detect(planes)) if new else []
        found += [replace(face, turns=turns) for face in new if is_among(face, confirmed)]
    return found


def faces_outside(faces: Sequence[SeenFace], view: View, frame_height_px: int) -> list[SeenFace]:
    """Return the faces whose centre lies outside a view; boxes too high for a face do not count."""
    return [face for face in faces if _is_outside(face, view, frame_height_px)]


def _long_side_px(face: SeenFace) -> float:
    x0, y0, x1, y1 = face.box_xyxy_px
    return max(x1 - x0, y1 - y0)


def _is_outside(face: SeenFace, view: View, frame_height_px: int) -> bool:
    x0, y0, x1, y1 = face.box_xyxy_px
    if y1 - y0 > _MAX_OUTSIDE_HEIGHT * frame_height_px:
        return False
    across, down = (x0 + x1) / 2 - view.x, (y0 + y1) / 2 - view.y
    return not (0 <= across < view.width and 0 <= down < view.height)
