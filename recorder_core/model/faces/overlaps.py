"""How much boxes overlap."""

from __future__ import annotations

from typing import Final, TypeVar

import numpy as np
from numpy.typing import NDArray

__all__ = ["box_overlaps", "covered_shares"]

_Float = TypeVar("_Float", np.float32, np.float64)
#: square pixels; keeps the overlap of two empty boxes at 0
_MIN_AREA: Final = 1e-9


def box_overlaps(
    boxes_xyxy_px: NDArray[_Float], others_xyxy_px: NDArray[_Float]
) -> NDArray[_Float]:
    """Return the intersection over union of every box (N, 4) with every other (M, 4).

    Returns
    -------
    ndarray of shape (N, M)
        In [0, 1], of the boxes' own type, or float64 for boxes in whole pixels; 0 for boxes
        that are empty or turned inside out.
    """
    boxes, others = _as_floats(boxes_xyxy_px), _as_floats(others_xyxy_px)
    shared = _shared_areas(boxes, others)
    areas = _areas(boxes)[:, None] + _areas(others)[None]
    return np.asarray(shared / np.maximum(areas - shared, _MIN_AREA), boxes.dtype)


def covered_shares(
    boxes_xyxy_px: NDArray[_Float], regions_xyxy_px: NDArray[_Float]
) -> NDArray[_Float]:
    """Return the share of each box's area (N, 4) that the region (K, 4) with most of it covers.

    Returns
    -------
    ndarray of shape (N,)
        In [0, 1]; 0 where there is no region.
    """
    boxes = _as_floats(boxes_xyxy_px)
    shared = _shared_areas(boxes, _as_floats(regions_xyxy_px)).max(axis=1, initial=0.0)
    return np.asarray(shared / np.maximum(_areas(boxes), _MIN_AREA), boxes.dtype)


def _as_floats(boxes: NDArray[_Float]) -> NDArray[_Float]:
    """Return boxes in their own type; those in whole pixels as float64, which holds shares."""
    if np.issubdtype(boxes.dtype, np.floating):
        return boxes
    return np.asarray(boxes, np.float64)


def _shared_areas(boxes: NDArray[_Float], others: NDArray[_Float]) -> NDArray[_Float]:
    a, b = boxes[:, None], others[None]
    sides = np.minimum(a[..., 2:], b[..., 2:]) - np.maximum(a[..., :2], b[..., :2])
    return np.asarray(sides.clip(min=0).prod(axis=2), boxes.dtype)


def _areas(boxes: NDArray[_Float]) -> NDArray[_Float]:
    return np.asarray((boxes[:, 2:] - boxes[:, :2]).clip(min=0).prod(axis=1), boxes.dtype)
