"""What a RetinaFace that is not trained, the teacher, sees in the training photos.

Its sure detections beside the labels become labels, its unsure ones regions that are
not judged, and its landmarks say where on a labelled face a mask or cap belongs. What
it says while the network learns is in `recorder_core.train.run.distillation`.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import cv2
import numpy as np
from numpy.typing import NDArray

from recorder_core.detect.anchors import AnchorSettings, decode_boxes, make_anchors
from recorder_core.detect.networks import RETINAFACE
from recorder_core.detect.nms import suppress_overlaps
from recorder_core.detect.stages import ScoredBoxes
from recorder_core.errors import SettingsError
from recorder_core.model.faces.overlaps import box_overlaps
from recorder_core.model.values.carriers import carrier_repr

if TYPE_CHECKING:
    from recorder_core.detect.networks.retinaface._torch import RetinaFace

__all__ = ["TeacherSettings", "TeacherView", "add_predictions", "ask_teacher", "unseen"]


@dataclass(frozen=True, slots=True)
class TeacherSettings:
    """Who the teacher is, and when it is believed."""

    #: weights of a RetinaFace; None: those of the program
    weights: Path | None = None
    #: it is asked about the photos before training
    completes_labels: bool = True
    #: what other detectors found in the photos, in a form that ``workbench evaluate
    #: --predictions`` reads; their sure detections become labels, and those of the
    #: teacher do not any more
    predictions: Path | None = None
    min_predicted_label_score: float = 0.55
    min_predicted_ignored_score: float = 0.25
    #: the face probability to learn where a detection became a label, in (0, 1]; people's
    #: labels are learnt as 1, so that what nobody labelled ranks behind them
    certainty: float = 1.0

    def __post_init__(self) -> None:
        if not 0 < self.certainty <= 1:
            raise SettingsError(f"teacher.certainty is {self.certainty}; it lies in (0, 1]")
        if not 0 <= self.min_predicted_ignored_score <= self.min_predicted_label_score <= 1:
            raise SettingsError(
                "teacher.min_predicted_ignored_score and min_predicted_label_score lie between 0 "
                "and 1, the first not above the second"
            )

    #: pictures are shown at this length of the longer side
    long_side_px: int = 960
    #: a detection beside the labels with at least this score becomes a label
    min_label_score: float = 0.9
    #: with at least this score it is not judged
    min_ignored_score: float = 0.35
    #: a detection that overlaps a label this much is that label's
    max_label_iou: float = 0.3


@dataclass(frozen=True, slots=True)
class TeacherView:
    """What the teacher adds to one labelled picture, in its pixels."""

    __repr__ = carrier_repr

    #: (A, 4) float32: faces without a label of which it is sure
    added_xyxy_px: NDArray[np.float32]
    #: (K, 4) float32: places of which it is not sure
    ignored_xyxy_px: NDArray[np.float32]
    #: for each label (5, 2) float32, NaN where the teacher did not see the face
    landmarks_px: NDArray[np.float32]


def unseen(count: int) -> TeacherView:
    """Return the view of a teacher that says nothing about a picture with `count` labels."""
    none = np.zeros((0, 4), np.float32)
    return TeacherView(none, none, np.full((count, 5, 2), np.nan, np.float32))


def ask_teacher(
    network: RetinaFace,
    picture_bgr: NDArray[np.uint8],
    boxes_xyxy_px: NDArray[np.float32],
    anchors: AnchorSettings,
    settings: TeacherSettings,
) -> TeacherView:
    """Detect in one labelled picture and compare with its labels.

    Parameters
    ----------
    network : RetinaFace
    picture_bgr : ndarray of shape (height, width, 3), uint8
    boxes_xyxy_px : ndarray of shape (M, 4), float32
    anchors : AnchorSettings
    settings : TeacherSettings

    Returns
    -------
    TeacherView
    """
    found, scores, points = _detect_with_landmarks(network, picture_bgr, anchors, settings)
    overlaps = box_overlaps(found, boxes_xyxy_px)
    beside = overlaps.max(axis=1, initial=0.0) < settings.max_label_iou
    landmarks = np.full((len(boxes_xyxy_px), 5, 2), np.nan, np.float32)
    for label in range(len(boxes_xyxy_px)):
        if len(found) and overlaps[:, label].max() >= 0.45:
            landmarks[label] = points[overlaps[:, label].argmax()]
    sure = scores >= settings.min_label_score
    return TeacherView(found[beside & sure], found[beside & ~sure], landmarks)


def add_predictions(
    seen: TeacherView,
    boxes_xyxy_px: NDArray[np.float32],
    found: ScoredBoxes,
    settings: TeacherSettings,
) -> TeacherView:
    """Complete the labels with what other detectors found, in place of the teacher.

    Parameters
    ----------
    seen : TeacherView
        What the teacher sees; what it is sure of is not judged, unless the others are
        sure of it too.
    boxes_xyxy_px : ndarray of shape (M, 4), float32
        The labels.
    found : ScoredBoxes
        What the others found.
    settings : TeacherSettings

    Returns
    -------
    TeacherView
    """
    beside = box_overlaps(found.xyxy_px, boxes_xyxy_px).max(axis=1, initial=0.0)
    other = beside < settings.max_label_iou
    sure = other & (found.scores >= settings.min_predicted_label_score)
    unsure = other & ~sure & (found.scores >= settings.min_predicted_ignored_score)
    added = found.xyxy_px[sure]
    suspects = np.concatenate([seen.added_xyxy_px, seen.ignored_xyxy_px])
    known = box_overlaps(suspects, added).max(axis=1, initial=0.0) >= settings.max_label_iou
    ignored = np.concatenate([suspects[~known], found.xyxy_px[unsure]])
    return TeacherView(added, ignored, seen.landmarks_px)


def _detect_with_landmarks(
    network: RetinaFace,
    picture_bgr: NDArray[np.uint8],
    anchors: AnchorSettings,
    settings: TeacherSettings,
) -> tuple[NDArray[np.float32], NDArray[np.float32], NDArray[np.float32]]:
    import torch

    height, width = picture_bgr.shape[:2]
    scale = settings.long_side_px / max(height, width)
    size = (max(1, round(width * scale)), max(1, round(height * scale)))
    resized = cv2.resize(
        picture_bgr, size, interpolation=cv2.INTER_AREA if scale < 1 else cv2.INTER_LINEAR
    )
    pixels = resized.astype(np.float32) - np.asarray(RETINAFACE.mean_bgr, np.float32)
    with torch.inference_mode():
        # (1, H, W, 3) seen as (1, 3, H, W): channels last, without a copy
        offsets, logits, points = network.predict(
            torch.from_numpy(pixels[None]).permute(0, 3, 1, 2)
        )
        scores = torch.softmax(logits, -1)[0, :, 1].numpy()
    kept = np.flatnonzero(scores >= settings.min_ignored_score)
    priors = make_anchors(size[1], size[0], anchors)[kept]
    boxes = decode_boxes(offsets[0].numpy()[kept], priors, anchors.variances)
    best = suppress_overlaps(boxes, scores[kept], 0.4)
    back = np.array([width / size[0], height / size[1]], np.float32)
    marks = points[0].numpy()[kept].reshape(-1, 5, 2) * anchors.variances[0]
    marks = (priors[:, None, :2] + marks * priors[:, None, 2:])[best] * back
    return boxes[best] * np.tile(back, 2), scores[kept][best], marks.astype(np.float32)
