"""Which anchor learns which face."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Final

import numpy as np
from numpy.typing import NDArray

from recorder_core.detect.anchors import encode_boxes
from recorder_core.train.metrics import box_overlaps

__all__ = ["FACE", "IGNORED", "NO_FACE", "MatchingSettings", "Targets", "match_anchors"]

#: label of an anchor that shows no face, one that shows a face, one that is not judged
NO_FACE: Final = 0
FACE: Final = 1
IGNORED: Final = -1


@dataclass(frozen=True, slots=True)
class MatchingSettings:
    """When an anchor learns a face; defaults as in the published training.

    References
    ----------
    .. [1] J. Deng et al., "RetinaFace", CVPR 2020, section 4.2.
    """

    #: least overlap of an anchor with its face
    min_iou: float = 0.35
    #: a face whose best anchor overlaps less than `min_iou` still takes that anchor,
    #: if the overlap is at least this
    min_best_iou: float = 0.2
    #: an anchor with at least this share of its area in an ignored region is not judged
    min_ignored_share: float = 0.3


@dataclass(frozen=True, slots=True)
class Targets:
    """What each of P anchors should say."""

    #: (P,) int8: FACE, NO_FACE or IGNORED
    labels: NDArray[np.int8] = field(repr=False)
    #: (P, 4) float32; zero where the label is not FACE
    offsets: NDArray[np.float32] = field(repr=False)


def match_anchors(
    anchors: NDArray[np.float32],
    boxes_xyxy_px: NDArray[np.float32],
    ignored_xyxy_px: NDArray[np.float32],
    variances: tuple[float, float],
    settings: MatchingSettings,
) -> Targets:
    """Assign faces and ignored regions to anchors.

    Parameters
    ----------
    anchors : ndarray of shape (P, 4), float32
        Centre x, centre y, width, height.
    boxes_xyxy_px : ndarray of shape (M, 4), float32
        Faces to learn.
    ignored_xyxy_px : ndarray of shape (K, 4), float32
        Regions of which nobody knows whether they show a face.
    variances : (float, float)
    settings : MatchingSettings

    Returns
    -------
    Targets
    """
    corners = np.concatenate(
        [anchors[:, :2] - anchors[:, 2:] / 2, anchors[:, :2] + anchors[:, 2:] / 2], axis=1
    )
    labels = np.full(len(anchors), NO_FACE, np.int8)
    offsets = np.zeros((len(anchors), 4), np.float32)
    if len(ignored_xyxy_px):
        shares = _covered_shares(corners, ignored_xyxy_px)
        labels[shares >= settings.min_ignored_share] = IGNORED
    if len(boxes_xyxy_px):
        overlaps = box_overlaps(corners, boxes_xyxy_px)
        face, overlap = overlaps.argmax(axis=1), overlaps.max(axis=1)
        for index, anchor in enumerate(overlaps.argmax(axis=0)):
            if overlaps[anchor, index] >= settings.min_best_iou:
                face[anchor], overlap[anchor] = index, 1.0
        chosen = np.flatnonzero(overlap >= settings.min_iou)
        labels[chosen] = FACE
        offsets[chosen] = encode_boxes(boxes_xyxy_px[face[chosen]], anchors[chosen], variances)
    return Targets(labels, offsets)


def _covered_shares(
    boxes: NDArray[np.float32], regions: NDArray[np.float32]
) -> NDArray[np.float32]:
    """Return the largest share of each box's area that one region covers."""
    a, b = boxes[:, None], regions[None]
    sides = np.minimum(a[..., 2:], b[..., 2:]) - np.maximum(a[..., :2], b[..., :2])
    areas = (boxes[:, 2:] - boxes[:, :2]).prod(axis=1)
    return np.asarray(sides.clip(min=0).prod(axis=2).max(axis=1) / areas, np.float32)
