"""Samples seen from aside or from above: what is farther away is smaller."""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

from recorder_core.train.samples.views import Sample, ViewSettings, sort_by_visibility

__all__ = ["show_from_aside"]

#: (3, 3) float64 matrix between homogeneous pixel coordinates
Homography = NDArray[np.float64]


def show_from_aside(sample: Sample, rng: np.random.Generator, settings: ViewSettings) -> Sample:
    """Return a sample whose corners have moved outwards, each by its own amount.

    Nothing of the sample's frame is left without a picture. Faces that grow beyond the
    frame, or become smaller in height than `ViewSettings.min_label_px`, are not judged.

    Parameters
    ----------
    sample : Sample
        Of the size that the settings say.
    rng : numpy.random.Generator
    settings : ViewSettings
    """
    size = settings.size_px
    corners = np.array([[0, 0], [size, 0], [size, size], [0, size]], np.float64)
    outwards = np.sign(corners - size / 2)
    moved = corners + outwards * rng.uniform(0, settings.max_corner_shift * size, (4, 2))
    way = np.asarray(
        cv2.getPerspectiveTransform(corners.astype(np.float32), moved.astype(np.float32)),
        np.float64,
    )
    # pixel centres are at half numbers in our boxes and at whole numbers in OpenCV
    half = np.array([[1, 0, 0.5], [0, 1, 0.5], [0, 0, 1]])
    picture = cv2.warpPerspective(
        sample.picture_bgr, np.linalg.inv(half) @ way @ half, (size, size), flags=cv2.INTER_LINEAR
    )
    moved_boxes = move_boxes(sample.boxes_xyxy_px, way)
    boxes, learnt, unclear = sort_by_visibility(moved_boxes, settings)
    ignored = move_boxes(sample.ignored_xyxy_px, way)
    return Sample(
        np.asarray(picture, np.uint8),
        boxes[learnt],
        np.concatenate([ignored, boxes[unclear]]),
        move_points(sample.landmarks_px[learnt], way),
        sample.certainty[learnt],
        sample.trust_teacher,
    )


def move_points(points_px: NDArray[np.float32], way: Homography) -> NDArray[np.float32]:
    """Move points (..., 2)."""
    wide = points_px @ way[:, :2].T + way[:, 2]
    return np.asarray(wide[..., :2] / wide[..., 2:], np.float32)


def move_boxes(boxes_xyxy_px: NDArray[np.float32], way: Homography) -> NDArray[np.float32]:
    """Move boxes (M, 4): the box around the ellipse that fills each, as its middle moves.

    Across one face the perspective hardly changes, so the ellipse is moved by the
    derivative at its middle.
    """
    half = (boxes_xyxy_px[:, 2:] - boxes_xyxy_px[:, :2]) / 2.0
    middles = (boxes_xyxy_px[:, 2:] + boxes_xyxy_px[:, :2]) / 2.0
    wide = middles @ way[:, :2].T + way[:, 2]
    depth = wide[:, 2:]
    centres = wide[:, :2] / depth
    # derivative of x / w: (x' - x w' / w) / w
    slopes = (way[None, :2, :2] - centres[:, :, None] * way[None, 2:, :2]) / depth[:, :, None]
    reach = np.sqrt(np.einsum("mij,mj->mi", slopes**2, half**2))
    return np.concatenate([centres - reach, centres + reach], axis=1).astype(np.float32)
