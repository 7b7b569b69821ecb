"""Non-maximum suppression: one box for each face."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from recorder_core.detect._nms_cy import mark_kept
from recorder_core.errors import DataError, SettingsError

__all__ = ["suppress_overlaps", "suppress_overlaps_reference"]


def suppress_overlaps(
    boxes_xyxy_px: NDArray[np.float32], scores: NDArray[np.float32], max_iou: float
) -> NDArray[np.intp]:
    """Keep the best-scoring box of each overlapping group.

    A box is dropped when its intersection over union with a better box that is
    kept is greater than `max_iou`. Of equal scores the first one is better.

    Parameters
    ----------
    boxes_xyxy_px : ndarray of shape (N, 4), float32
        Right and bottom edges exclusive.
    scores : ndarray of shape (N,), float32
    max_iou : float
        In [0, 1].

    Returns
    -------
    ndarray of shape (M,), intp
        Indices of the kept boxes, best score first.

    Raises
    ------
    SettingsError
        If `max_iou` is outside [0, 1].
    DataError
        If the shapes do not fit.
    """
    order = _order(boxes_xyxy_px, scores, max_iou)
    kept = np.ones(len(order), np.uint8)
    mark_kept(np.ascontiguousarray(boxes_xyxy_px[order], np.float32), max_iou, kept)
    return order[kept.view(np.bool_)]


def suppress_overlaps_reference(
    boxes_xyxy_px: NDArray[np.float32], scores: NDArray[np.float32], max_iou: float
) -> NDArray[np.intp]:
    """Compute the same as `suppress_overlaps` with NumPy; for tests."""
    remaining = _order(boxes_xyxy_px, scores, max_iou)
    boxes = boxes_xyxy_px.astype(np.float64)
    areas = (boxes[:, 2] - boxes[:, 0]) * (boxes[:, 3] - boxes[:, 1])
    kept = []
    while len(remaining):
        best, remaining = remaining[0], remaining[1:]
        kept.append(best)
        top_left = np.maximum(boxes[best, :2], boxes[remaining, :2])
        bottom_right = np.minimum(boxes[best, 2:], boxes[remaining, 2:])
        shared = np.clip(bottom_right - top_left, 0, None).prod(axis=1)
        union = areas[best] + areas[remaining] - shared
        remaining = remaining[~((shared > 0) & (shared > max_iou * union))]
    return np.array(kept, np.intp)


def _order(
    boxes_xyxy_px: NDArray[np.float32], scores: NDArray[np.float32], max_iou: float
) -> NDArray[np.intp]:
    """Check the arguments and return the indices, best score first."""
    if not 0 <= max_iou <= 1:
        raise SettingsError(f"max_iou is {max_iou} but must lie in [0, 1]")
    if boxes_xyxy_px.shape != (len(scores), 4):
        raise DataError(f"{boxes_xyxy_px.shape} boxes do not fit {len(scores)} scores")
    return np.argsort(-scores, kind="stable")
