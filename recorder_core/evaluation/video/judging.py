"""Frames of a video as labelled pictures: its true faces and the detections, side by side."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from recorder_core.datasets import LabelledFace, LabelledPicture
from recorder_core.detect import ScoredBoxes
from recorder_core.evaluation.pictures import DetectedPicture, EvaluationSettings
from recorder_core.evaluation.video.exposure import RECOGNISABLE_SHARE, TruthFrame
from recorder_core.model import FrameDetections, TruthFace

__all__ = ["FRAME_SETTINGS", "judge_frames"]

#: faces are measured in pixels of the video, and each counts however small it is; what is hidden
#: of them over time, `measure_exposure` says
FRAME_SETTINGS: Final = EvaluationSettings(scale="original", min_face_px=0.0, coverage=None)
#: states of a true face in which a mask is worn
_MASKED: Final = frozenset({"masked", "masked+capped"})


def judge_frames(
    truth: Iterable[TruthFrame],
    detections: Iterable[FrameDetections],
    *,
    name: str = "",
    size_px: tuple[int, int] | None = None,
    settings: EvaluationSettings = FRAME_SETTINGS,
) -> list[DetectedPicture]:
    """Join the true faces and the detections of each frame.

    A face that nobody could recognise, because it is turned away or covered, is a region
    that is not judged.

    Parameters
    ----------
    truth : iterable of TruthFrame
        The true faces of all frames that were looked at, and of others.
    detections : iterable of FrameDetections
        The frames that the detector looked at.
    name : str
        Of the video; groups its frames.
    size_px : (int, int), optional
        Width and height of a frame.
    settings : EvaluationSettings

    Returns
    -------
    list of DetectedPicture
        Those that the detector looked at, in order.
    """
    known = {frame.frame_index: frame for frame in truth}
    return [
        DetectedPicture.judge(
            _label(known[found.frame_index], name, size_px),
            ScoredBoxes(found.boxes_xyxy_px, found.scores),
            settings,
        )
        for found in detections
    ]


def _label(frame: TruthFrame, name: str, size_px: tuple[int, int] | None) -> LabelledPicture:
    number = f"{frame.frame_index:06d}"
    return LabelledPicture(
        f"{name}/{number}" if name else number,
        size_px,
        tuple(_label_face(face) for face in frame.faces),
        segment=name,
        frame_index=frame.frame_index,
    )


def _label_face(face: TruthFace) -> LabelledFace:
    """Return a true face as a label; one that nobody could recognise is not judged."""
    return LabelledFace(
        face.box_xyxy_px,
        mask="with_mask" if face.state in _MASKED else "without_mask",
        ignored=face.visible < RECOGNISABLE_SHARE,
        track=face.face_id,
        attributes={"state": face.state},
    )
