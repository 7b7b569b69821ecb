"""Which anchor learns which face."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from recorder_core.detect.anchors import AnchorSettings, encode_boxes, make_anchors
from recorder_core.errors import SettingsError
from recorder_core.model.faces.overlaps import box_overlaps, covered_shares
from recorder_core.model.values.carriers import carrier_repr
from recorder_core.train.samples.views import Sample

__all__ = [
    "FACE",
    "IGNORED",
    "NO_FACE",
    "MatchingSettings",
    "Targets",
    "match_anchors",
    "match_samples",
]

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
    #: an anchor whose best overlap is at least this, but below `min_iou`, is not judged;
    #: None: there is nothing between face and no face
    max_background_iou: float | None = None
    #: a face whose best anchor overlaps less than `min_iou` still takes that anchor,
    #: if the overlap is at least this
    min_best_iou: float = 0.2
    #: an anchor with at least this share of its area in an ignored region is not judged
    min_ignored_share: float = 0.3

    def __post_init__(self) -> None:
        background = self.min_iou if self.max_background_iou is None else self.max_background_iou
        if not (0 < background <= self.min_iou <= 1 and 0 <= self.min_best_iou <= 1):
            raise SettingsError(
                "matching: overlaps lie between 0 and 1, and max_background_iou is at most min_iou"
            )


@dataclass(frozen=True, slots=True)
class Targets:
    """What each of P anchors should say."""

    __repr__ = carrier_repr

    #: (P,) int8: FACE, NO_FACE or IGNORED
    labels: NDArray[np.int8]
    #: (P, 4) float32; zero where the label is not FACE
    offsets: NDArray[np.float32]
    #: (P, 10) float32: x and y of five points, relative to the anchor's centre, in its
    #: size and the first variance; NaN where they are not known
    landmarks: NDArray[np.float32]
    #: (P,) float32: the face probability to learn where the label is FACE, elsewhere 0
    certainty: NDArray[np.float32]


def match_samples(
    samples: Sequence[Sample], size_px: int, anchors: AnchorSettings, settings: MatchingSettings
) -> list[Targets]:
    """Match the anchors of square samples of one size; see `match_anchors`."""
    boxes = make_anchors(size_px, size_px, anchors)
    return [match_anchors(boxes, sample, anchors.variances, settings) for sample in samples]


def match_anchors(
    anchors: NDArray[np.float32],
    sample: Sample,
    variances: tuple[float, float],
    settings: MatchingSettings,
) -> Targets:
    """Assign faces and ignored regions to anchors.

    Parameters
    ----------
    anchors : ndarray of shape (P, 4), float32
        Centre x, centre y, width, height.
    sample : Sample
        Faces to learn, their landmarks, and regions of which nobody knows whether they
        show a face.
    variances : (float, float)
    settings : MatchingSettings

    Returns
    -------
    Targets
    """
    corners = np.concatenate(
        [anchors[:, :2] - anchors[:, 2:] / 2, anchors[:, :2] + anchors[:, 2:] / 2], axis=1
    )
    boxes, ignored = sample.boxes_xyxy_px, sample.ignored_xyxy_px
    labels = np.full(len(anchors), NO_FACE, np.int8)
    offsets = np.zeros((len(anchors), 4), np.float32)
    landmarks = np.full((len(anchors), 10), np.nan, np.float32)
    certainty = np.zeros(len(anchors), np.float32)
    if len(ignored):
        labels[covered_shares(corners, ignored) >= settings.min_ignored_share] = IGNORED
    if len(boxes):
        overlaps = box_overlaps(corners, boxes)
        face, overlap = overlaps.argmax(axis=1), overlaps.max(axis=1)
        for index, anchor in enumerate(overlaps.argmax(axis=0)):
            if overlaps[anchor, index] >= settings.min_best_iou:
                face[anchor], overlap[anchor] = index, 1.0
        if settings.max_background_iou is not None:
            labels[overlap >= settings.max_background_iou] = IGNORED
        chosen = np.flatnonzero(overlap >= settings.min_iou)
        labels[chosen] = FACE
        certainty[chosen] = sample.certainty[face[chosen]]
        offsets[chosen] = encode_boxes(boxes[face[chosen]], anchors[chosen], variances)
        points = sample.landmarks_px[face[chosen]] - anchors[chosen, None, :2]
        scaled = points / (anchors[chosen, None, 2:] * np.float32(variances[0]))
        landmarks[chosen] = scaled.reshape(-1, 10)
    return Targets(labels, offsets, landmarks, certainty)
