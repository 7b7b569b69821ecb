"""The faces of recordings that the detector finds worst, cut out of their frames."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import groupby
from typing import Final

import numpy as np
from numpy.typing import NDArray

from recorder_core.datasets import LabelledFace
from recorder_core.evaluation.video import FRAME_SETTINGS
from recorder_core.jobs.measuring.detected_video import DetectedVideo
from recorder_core.model.values.carriers import carrier_repr

__all__ = ["MissedFace", "find_worst_faces"]

#: what is cut out of a frame reaches so far around it, in face heights
_MARGIN: Final = 1.0


@dataclass(frozen=True, slots=True)
class MissedFace:
    """A face that was missed, or found with a low score."""

    __repr__ = carrier_repr

    #: seed or other name of the recording's file
    name: str
    frame_index: int
    #: how it looks: plain, masked, capped, masked+capped
    state: str
    #: of the detection on it; below 0 where there is none
    score: float
    height_px: float
    #: (height, width, 3) uint8: the face and its surroundings
    picture_rgb: NDArray[np.uint8]
    #: left, top, right, bottom of the face in `picture_rgb`
    box_xyxy_px: tuple[float, float, float, float]


def find_worst_faces(recordings: Sequence[DetectedVideo], count: int) -> list[MissedFace]:
    """Return the faces that are missed, or nearly, the worst first.

    Of one face in one second of a recording only the worst frame is taken.

    Parameters
    ----------
    recordings : sequence of DetectedVideo
        With known faces; their videos must still be there.
    count : int
        At most so many.

    Returns
    -------
    list of MissedFace
        By rising score of what was detected on the face.
    """
    worst: list[tuple[float, int, int, LabelledFace]] = []
    for number, recording in enumerate(recordings):
        worst += [(score, number, frame, face) for score, frame, face in _worst_of(recording)]
    worst.sort(key=lambda each: each[:3])
    return [
        _show(recordings[number], frame, face, score)
        for score, number, frame, face in worst[:count]
    ]


def _worst_of(recording: DetectedVideo) -> list[tuple[float, int, LabelledFace]]:
    """Return score, frame and face of the worst frame of every face in every second."""
    seconds = {frame.frame_index: int(frame.seconds) for frame in recording.truth}
    found: list[tuple[tuple[int, int], float, int, LabelledFace]] = []
    for judged in recording.judge():
        frame = judged.labelled.frame_index or 0
        scores = judged.match(FRAME_SETTINGS.min_match_iou).found_scores.tolist()
        for face, score in zip(judged.labelled.judged_faces, scores, strict=True):
            found.append(((face.track or 0, seconds[frame]), score, frame, face))
    found.sort(key=lambda each: each[:3])
    return [next(group)[1:] for _, group in groupby(found, key=lambda each: each[0])]


def _show(recording: DetectedVideo, frame: int, face: LabelledFace, score: float) -> MissedFace:
    """Cut the face and its surroundings out of its frame, as far as the view goes."""
    with recording.source.media as video:
        whole = video.frame(frame).to_rgb()
    x0, y0, x1, y1 = face.box_xyxy_px
    height, view = y1 - y0, recording.source.view
    margin = _MARGIN * height
    left, top = max(view.x, round(x0 - margin)), max(view.y, round(y0 - margin))
    right = min(view.x + view.width, round(x1 + margin))
    bottom = min(view.y + view.height, round(y1 + margin))
    return MissedFace(
        recording.path.stem,
        frame,
        str(face.attributes["state"]),
        score,
        height,
        np.ascontiguousarray(whole[top:bottom, left:right]),
        (x0 - left, y0 - top, x1 - left, y1 - top),
    )
