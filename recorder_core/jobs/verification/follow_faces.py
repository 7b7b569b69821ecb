"""Follow faces that only the second look saw through the frames around them.

The job's own detections and redactions stay as they are. Around each face the frames of the
source are searched with the detector that saw it, until it has not been seen for so long
that tracking gives it up; what no redaction hides yet is linked and padded as the job's own
detections are.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass, field, replace
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from recorder_core.deidentify.smoothing import SkippedFrame, smooth_all
from recorder_core.deidentify.tracking import SmoothingSettings
from recorder_core.detect.detector import Detector
from recorder_core.detect.stages import ScoredBoxes
from recorder_core.jobs.inputs.job_video import JobVideo
from recorder_core.jobs.inputs.options import DeidentifyOptions
from recorder_core.jobs.inputs.stride import DetectionStride
from recorder_core.jobs.verification.detectors import detectors_inside
from recorder_core.jobs.verification.second_look import SURE_SCORE, FaceJudge, is_among
from recorder_core.jobs.verification.seen_faces import SeenFace
from recorder_core.model import FrameDetections, Redaction
from recorder_core.tables import RedactionTable

__all__ = ["follow_faces"]


def follow_faces(
    faces: Sequence[SeenFace],
    source: JobVideo,
    options: DeidentifyOptions,
    table: RedactionTable,
    searched: NDArray[np.int64],
) -> RedactionTable:
    """Return what hides faces that the second look saw, as long as they are in the frame.

    Parameters
    ----------
    faces : sequence of SeenFace
        In places that no redaction hides.
    source : JobVideo
    options : DeidentifyOptions
        The job's.
    table : RedactionTable
        What was planned so far, lifted redactions included.
    searched : ndarray of int64
        Frames that the job searched; those around the faces are searched again.

    Returns
    -------
    RedactionTable
        Its tracks are numbered on from those of `table`. It holds each of `faces`, and what
        was surely a face in the frames that were searched.

    Raises
    ------
    DecodeError
        If a frame of the source cannot be decoded.
    """
    upright, ways_up = detectors_inside(source, options)
    followed: list[list[Redaction]] = []
    for turns in sorted({face.turns for face in faces}):
        detector = ways_up[turns].search if turns else upright
        search = _Search(source, detector, options, table, searched)
        followed += search.follow_all([face for face in faces if face.turns == turns])
    rows = _numbered(followed, int(max(table.tracks, default=-1)) + 1)
    # what lies is followed apart, through the same frames
    rows.sort(key=lambda each: each.frame_index)
    return RedactionTable.from_redactions(rows, source.index.pts)


@dataclass(slots=True)
class _Search:
    """What was found so far in frames around the faces."""

    source: JobVideo
    detector: Detector
    options: DeidentifyOptions
    table: RedactionTable
    #: by the job
    searched: NDArray[np.int64]
    found: dict[int, FrameDetections] = field(default_factory=dict)
    #: seconds of each frame of the video
    seconds: NDArray[np.float64] = field(init=False)
    smoothing: SmoothingSettings = field(init=False)
    _chosen: NDArray[np.bool_] = field(init=False)
    _faces: dict[int, list[SeenFace]] = field(init=False, default_factory=dict)

    def __post_init__(self) -> None:
        self.seconds = np.asarray(self.source.index.pts, np.float64) * float(
            self.source.video.time_base
        )
        self.smoothing = replace(
            self.options.smoothing, birth_score=SURE_SCORE, evidence_score=SURE_SCORE
        )
        # as often as usual, however seldom the job itself looked, and where the picture jumps
        self._chosen = self.source.detection_frames(DetectionStride())
        self._chosen[self.searched] = True

    def follow_all(self, faces: Sequence[SeenFace]) -> list[list[Redaction]]:
        """Return what hides faces that are found the same way up, stretch by stretch."""
        self.add_faces(faces)
        spans = _joined([self.window(face.frame_index) for face in faces])
        while True:
            self.detect_in(spans)
            followed = [self.follow(span) for span in spans]
            grown = _joined(
                [self.grow(span, each) for span, each in zip(spans, followed, strict=True)]
            )
            if grown == spans:
                return followed
            spans = grown

    def add_faces(self, faces: Sequence[SeenFace]) -> None:
        """Add faces as found, and search their frames."""
        for face in faces:
            self._faces.setdefault(face.frame_index, []).append(face)
            self._chosen[face.frame_index] = True

    def window(self, first: int, last: int | None = None) -> range:
        """Return the frames from before one frame until after another in which tracks go on."""
        reach = max(self.smoothing.max_gap_seconds, self.smoothing.padding_seconds)
        start, stop = self.seconds[first] - reach, self.seconds[first if last is None else last]
        return range(
            max(int(np.searchsorted(self.seconds, start)), self.source.first),
            min(int(np.searchsorted(self.seconds, stop + reach, "right")), self.source.stop),
        )

    def detect_in(self, spans: Sequence[range]) -> None:
        """Search the frames of spans that were not searched before."""
        for run in [run for span in spans for run in self._unsearched(span)]:
            with closing(self.source.frames(run.start, run.stop)) as frames:
                for frame in frames:
                    if self._chosen[frame.frame_index]:
                        boxes = self.detector.detect(frame.planes)
                        self.found[frame.frame_index] = self._bare(frame.frame_index, boxes)

    def follow(self, span: range) -> list[Redaction]:
        """Return what hides the faces of a span, by rising frame."""
        pts = self.source.index.pts
        frames = [self.found.get(each, SkippedFrame(each, int(pts[each]))) for each in span]
        decided = smooth_all(frames, self.smoothing, self.source.view, self.source.video.time_base)
        return [redaction for redactions in decided.values() for redaction in redactions]

    def grow(self, span: range, redactions: Sequence[Redaction]) -> range:
        """Return a span that reaches beyond the first and the last frame with a face in it."""
        seen = [each.frame_index for each in redactions if each.origin in ("detected", "rescued")]
        around = self.window(min(seen), max(seen)) if seen else span
        return range(min(span.start, around.start), max(span.stop, around.stop))

    def _unsearched(self, span: range) -> Iterator[range]:
        """Yield the stretches between searched frames in which frames are to be searched."""
        searched = sorted(frame for frame in self.found if frame in span)
        for before, after in pairwise([span.start - 1, *searched, span.stop]):
            wanted = np.flatnonzero(self._chosen[before + 1 : after]) + before + 1
            if len(wanted):
                yield range(int(wanted[0]), int(wanted[-1]) + 1)

    def _bare(self, frame: int, boxes: ScoredBoxes) -> FrameDetections:
        """Return what was seen in a frame and is not hidden, faces of the copy first."""
        judge = FaceJudge(self.source.view, self.options.redaction, self.table)
        known = self._faces.get(frame, [])
        rows = [(face.box_xyxy_px, face.score) for face in known]
        for (x0, y0, x1, y1), score in zip(
            boxes.xyxy_px.tolist(), boxes.scores.tolist(), strict=True
        ):
            face = SeenFace(frame, 0.0, score, (x0, y0, x1, y1))
            if not (is_among(face, known) or judge.is_hidden(face) or judge.is_lifted(face)):
                rows.append((face.box_xyxy_px, score))
        return FrameDetections(
            frame,
            int(self.source.index.pts[frame]),
            np.array([box for box, _ in rows], np.float32).reshape(-1, 4),
            np.array([score for _, score in rows], np.float32),
        )


def _joined(spans: Sequence[range]) -> list[range]:
    """Return spans in order, those that touch joined."""
    joined: list[range] = []
    for span in sorted(spans, key=lambda each: each.start):
        if joined and span.start <= joined[-1].stop:
            joined[-1] = range(joined[-1].start, max(joined[-1].stop, span.stop))
        else:
            joined.append(span)
    return joined


def _numbered(spans: Sequence[Sequence[Redaction]], first_track: int) -> list[Redaction]:
    """Count the tracks of spans, each from 0 on, one after the other."""
    rows: list[Redaction] = []
    for span in spans:
        rows += [replace(each, track=first_track + each.track) for each in span]
        first_track += max((each.track for each in span), default=-1) + 1
    return rows
