"""How well detections fit labelled faces: average precision, recall, false boxes."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from recorder_core.errors import DataError

__all__ = [
    "Matches",
    "average_precision",
    "box_overlaps",
    "count_false_boxes",
    "match_detections",
    "recall_of",
]


@dataclass(frozen=True, slots=True)
class Matches:
    """What became of the detections and faces of one picture."""

    #: (N,) float32, best first
    scores: NDArray[np.float32] = field(repr=False)
    #: (N,) bool: the detection is the first one on a face
    is_true: NDArray[np.bool_] = field(repr=False)
    #: (N,) bool: the detection counts; False if it lies on an ignored face
    is_counted: NDArray[np.bool_] = field(repr=False)
    #: (M,) float32: score of the detection that found the face, -1 if none did
    found_scores: NDArray[np.float32] = field(repr=False)
    #: (M,) bool: the face counts
    face_counts: NDArray[np.bool_] = field(repr=False)


def box_overlaps(
    boxes_xyxy_px: NDArray[np.float32], others_xyxy_px: NDArray[np.float32]
) -> NDArray[np.float32]:
    """Return the intersection over union of every box (N, 4) with every other (M, 4).

    Returns
    -------
    ndarray of shape (N, M), float32
    """
    a, b = boxes_xyxy_px[:, None], others_xyxy_px[None]
    sides = np.minimum(a[..., 2:], b[..., 2:]) - np.maximum(a[..., :2], b[..., :2])
    shared = sides.clip(min=0).prod(axis=2)
    areas = (a[..., 2:] - a[..., :2]).prod(axis=2) + (b[..., 2:] - b[..., :2]).prod(axis=2)
    return np.asarray(shared / np.maximum(areas - shared, 1e-9), np.float32)


def match_detections(
    boxes_xyxy_px: NDArray[np.float32],
    scores: NDArray[np.float32],
    faces_xyxy_px: NDArray[np.float32],
    *,
    min_face_px: float = 0.0,
    min_iou: float = 0.5,
) -> Matches:
    """Give each detection, best score first, the free face it overlaps most.

    Parameters
    ----------
    boxes_xyxy_px : ndarray of shape (N, 4), float32
    scores : ndarray of shape (N,), float32
    faces_xyxy_px : ndarray of shape (M, 4), float32
    min_face_px : float
        Faces that are less high are ignored: neither found nor missed, and a
        detection on one is neither right nor wrong.
    min_iou : float
        Least overlap of a detection with its face.

    Returns
    -------
    Matches
    """
    order = np.argsort(-scores, kind="stable")
    overlaps = box_overlaps(boxes_xyxy_px[order], faces_xyxy_px)
    counts = faces_xyxy_px[:, 3] - faces_xyxy_px[:, 1] >= min_face_px
    found = np.full(len(faces_xyxy_px), -1, np.float32)
    is_true, is_counted = np.zeros(len(order), bool), np.ones(len(order), bool)
    for row, detection in enumerate(order):
        free = np.where((found < 0) & counts, overlaps[row], -1)
        face = int(free.argmax()) if len(free) else -1
        if face >= 0 and free[face] >= min_iou:
            found[face], is_true[row] = scores[detection], True
        elif (overlaps[row][~counts] >= min_iou).any():
            is_counted[row] = False
    return Matches(scores[order], is_true, is_counted, found, counts)


def average_precision(matches: Sequence[Matches]) -> float:
    """Return the area under the precision-recall curve over all pictures.

    Precision at a recall is the best precision at this or a higher recall, and every
    point of the curve counts (as PASCAL VOC since 2010).

    Parameters
    ----------
    matches : sequence of Matches
        One for each picture.

    Returns
    -------
    float
        In [0, 1].

    Raises
    ------
    DataError
        If no face counts.
    """
    faces = sum(int(m.face_counts.sum()) for m in matches)
    if faces == 0:
        raise DataError("average precision needs at least one face that counts")
    scores = np.concatenate([m.scores[m.is_counted] for m in matches])
    is_true = np.concatenate([m.is_true[m.is_counted] for m in matches])
    hits = is_true[np.argsort(-scores, kind="stable")].cumsum()
    precision = hits / np.arange(1, len(hits) + 1)
    recall = hits / faces
    envelope = np.maximum.accumulate(precision[::-1])[::-1]
    return float((np.diff(recall, prepend=0.0) * envelope).sum())


def recall_of(found: NDArray[np.bool_], wanted: NDArray[np.bool_]) -> float | None:
    """Return the share of the wanted faces that were found; None if none is wanted."""
    return round(float(found[wanted].mean()), 4) if wanted.any() else None


def count_false_boxes(matches: Sequence[Matches], min_score: float) -> int:
    """Count the detections of at least this score that are on no face."""
    return sum(int((m.is_counted & ~m.is_true & (m.scores >= min_score)).sum()) for m in matches)
