"""Which detection found which face, as in the PASCAL VOC challenge.

References
----------
.. [1] M. Everingham et al., "The PASCAL Visual Object Classes Challenge", IJCV 88, 2010,
   section 4.2: a detection belongs to the object that it overlaps most; the first one,
   best score first, is right and any other is wrong; a difficult object is left out,
   with what was detected on it.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from recorder_core.errors import DataError
from recorder_core.model.faces.overlaps import box_overlaps, covered_shares
from recorder_core.model.values.carriers import carrier_repr

__all__ = ["NOT_FOUND", "Matches", "match_detections"]

#: score of the detection that found a face, where none did
NOT_FOUND = -1.0


@dataclass(frozen=True, slots=True)
class Matches:
    """What became of the detections and faces of one picture."""

    __repr__ = carrier_repr

    #: (N,) float32, best first
    scores: NDArray[np.float32]
    #: (N,) bool: the detection is the first one on a face that counts
    is_true: NDArray[np.bool_]
    #: (N,) bool: the detection counts; False if it lies on what is ignored
    is_counted: NDArray[np.bool_]
    #: (M,) float32: score of the detection that found the face, `NOT_FOUND` if none did
    found_scores: NDArray[np.float32]
    #: (M,) bool: the face counts
    face_counts: NDArray[np.bool_]

    @property
    def is_false(self) -> NDArray[np.bool_]:
        """Whether each detection is wrong, (N,) bool."""
        return self.is_counted & ~self.is_true


def match_detections(
    boxes_xyxy_px: NDArray[np.float32],
    scores: NDArray[np.float32],
    faces_xyxy_px: NDArray[np.float32],
    *,
    face_counts: NDArray[np.bool_] | None = None,
    ignored_xyxy_px: NDArray[np.float32] | None = None,
    min_iou: float = 0.5,
) -> Matches:
    """Match each detection, best score first, to the face that it overlaps most [1]_.

    Parameters
    ----------
    boxes_xyxy_px : ndarray of shape (N, 4), float32
    scores : ndarray of shape (N,), float32
    faces_xyxy_px : ndarray of shape (M, 4), float32
    face_counts : ndarray of shape (M,), bool, optional
        False: the face is neither found nor missed, and a detection on it is neither
        right nor wrong. By default every face counts.
    ignored_xyxy_px : ndarray of shape (K, 4), float32, optional
        Regions that nobody judged: a detection on no face and with at least `min_iou`
        of its area inside one is neither right nor wrong.
    min_iou : float
        Least overlap of a detection with its face.

    Returns
    -------
    Matches

    Raises
    ------
    DataError
        If the shapes do not fit.

    References
    ----------
    .. [1] Everingham et al., see the module.
    """
    if boxes_xyxy_px.shape != (len(scores), 4):
        raise DataError(f"{boxes_xyxy_px.shape} boxes do not fit {len(scores)} scores")
    order = np.argsort(-scores, kind="stable")
    boxes, scores = boxes_xyxy_px[order], scores[order]
    counts = np.ones(len(faces_xyxy_px), bool) if face_counts is None else face_counts
    overlaps = box_overlaps(boxes, faces_xyxy_px)
    on_face = overlaps.max(axis=1, initial=0.0) >= min_iou
    found = np.full(len(faces_xyxy_px), NOT_FOUND, np.float32)
    is_true, is_counted = np.zeros(len(order), bool), np.ones(len(order), bool)
    for row in np.flatnonzero(on_face):
        face = overlaps[row].argmax()
        is_counted[row] = counts[face]
        if counts[face] and found[face] == NOT_FOUND:
            found[face], is_true[row] = scores[row], True
    if ignored_xyxy_px is not None:
        inside = covered_shares(boxes, ignored_xyxy_px) >= min_iou
        is_counted &= on_face | ~inside
    return Matches(scores, is_true, is_counted, found, counts)
