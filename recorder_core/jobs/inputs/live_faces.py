"""The faces that were hidden while a room was recorded, for a copy that hides them, too."""

from __future__ import annotations

from collections import defaultdict
from fractions import Fraction
from typing import Final

import numpy as np
from numpy.typing import NDArray

from recorder_core.deidentify.smoothing import DecidedFrame, SkippedFrame, Smoother
from recorder_core.deidentify.tracking import SmoothingSettings
from recorder_core.model import FrameDetections, View
from recorder_core.tables import DetectionTable

__all__ = ["live_faces"]

#: of redactions whose box is one that the detector saw
_SEEN: Final = ("detected", "rescued")


def live_faces(
    found: DetectionTable,
    place: View,
    pts: NDArray[np.int64],
    time_base: Fraction,
    *,
    min_score: float,
) -> dict[int, FrameDetections]:
    """Return the boxes that hid something while a room was recorded, by frame of its recording.

    Boxes that were noise then are none of them.

    Parameters
    ----------
    found : DetectionTable
        What the detector saw of the room meanwhile.
    place : View
        Where the recording shows the room.
    pts : ndarray of int64
        (N,) of the frames of the recording.
    time_base : Fraction
        Seconds per unit of their pts.
    min_score : float
        At least the score of each box that is returned: the one that is certain by itself.
    """
    seen = _by_frame(found, pts, time_base)
    smoother = Smoother(SmoothingSettings(), place, time_base, max_detection_interval_seconds=None)
    faces: dict[int, FrameDetections] = {}
    for index, each in enumerate(pts.tolist()):
        smoother.push(seen.get(index, SkippedFrame(index, each)))
        faces |= _hidden(smoother.pop_ready(), pts, min_score)
    return faces | _hidden(smoother.finish(), pts, min_score)


def _by_frame(
    found: DetectionTable, pts: NDArray[np.int64], time_base: Fraction
) -> dict[int, FrameDetections]:
    """Return what was found by the frame that is nearest in time: some may have been left out."""
    seconds = pts * float(time_base)
    _, rows = np.unique(found.frame_index, return_index=True)
    nearest = np.searchsorted((seconds[1:] + seconds[:-1]) / 2, found.seconds[rows])
    groups: dict[int, list[FrameDetections]] = defaultdict(list)
    for index, each in zip(nearest.tolist(), found.to_frames(), strict=True):
        groups[index].append(each)
    return {
        index: FrameDetections(
            index,
            int(pts[index]),
            np.concatenate([each.boxes_xyxy_px for each in group]),
            np.concatenate([each.scores for each in group]),
        )
        for index, group in groups.items()
    }


def _hidden(
    decided: list[DecidedFrame], pts: NDArray[np.int64], min_score: float
) -> dict[int, FrameDetections]:
    """Return the boxes of frames in which something was seen and hidden."""
    faces = {}
    for frame in decided:
        seen = [each for each in frame.redactions if each.origin in _SEEN]
        if seen:
            boxes = np.array([each.box_xyxy_px for each in seen], np.float32)
            scores = np.array([max(each.score, min_score) for each in seen], np.float32)
            index = frame.frame_index
            faces[index] = FrameDetections(index, int(pts[index]), boxes, scores)
    return faces
