"""Discrete and continuous scores, as the FDDB benchmark measures them.

Faces are ellipses, detections rectangles. At each minimum score the detections that are
left and the faces of a picture are paired so that the sum of overlaps is largest; a pair
counts 1 if it overlaps more than half (discrete) or its overlap (continuous). A
detection that is not in a pair overlapping more than half is a false positive. One
curve is made of all pictures of the ten folds.

Areas are integrated, where the published program counts pixels.

References
----------
.. [1] V. Jain, E. Learned-Miller, "FDDB: A Benchmark for Face Detection in Unconstrained
   Settings", UM-CS-2010-009, 2010, section 6, and its program ``evaluate``.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from recorder_core.detect import ScoredBoxes
from recorder_core.errors import DataError
from recorder_core.model.values.carriers import carrier_repr

__all__ = [
    "FddbCurve",
    "FddbPicture",
    "ellipse_overlaps",
    "fddb_curve",
]

#: a pair with more than this overlap counts in the discrete score
MIN_OVERLAP: Final = 0.5
#: columns into which an area is cut
_COLUMNS: Final = 256


@dataclass(frozen=True, slots=True)
class FddbPicture:
    """The faces of one picture."""

    __repr__ = carrier_repr

    #: (M, 5) float64: longer and shorter half axis in pixels, angle of the longer one
    #: against the horizontal in radians, centre x and y
    ellipses: NDArray[np.float64]
    #: width, height; None: not known, and nothing is cut off at the picture's edge
    size_px: tuple[int, int] | None = None

    def __post_init__(self) -> None:
        if self.ellipses.ndim != 2 or self.ellipses.shape[1] != 5:
            raise DataError(f"ellipses have five numbers each, not shape {self.ellipses.shape}")


@dataclass(frozen=True, slots=True)
class FddbCurve:
    """The benchmark's two curves; one point for each score that occurs, scores falling."""

    __repr__ = carrier_repr

    #: (K,) float64
    scores: NDArray[np.float64]
    #: (K,) int64, in all pictures together
    false_positives: NDArray[np.int64]
    #: (K,) float64: share of the faces paired with more than half overlap
    discrete: NDArray[np.float64]
    #: (K,) float64: sum of the pairs' overlaps, for each face
    continuous: NDArray[np.float64]
    faces: int

    def at_false_positives(self, most: int) -> tuple[float, float]:
        """Return the best discrete and continuous score with at most so many false positives."""
        allowed = self.false_positives <= most
        return (
            float(self.discrete[allowed].max(initial=0.0)),
            float(self.continuous[allowed].max(initial=0.0)),
        )


def fddb_curve(pictures: Sequence[FddbPicture], predictions: Sequence[ScoredBoxes]) -> FddbCurve:
    """Measure predictions by the benchmark's protocol.

    Parameters
    ----------
    pictures : sequence of FddbPicture
        Of all folds.
    predictions : sequence of ScoredBoxes
        For each picture, in its pixels.

    Raises
    ------
    DataError
        If there is no face.
    """
    faces = sum(len(picture.ellipses) for picture in pictures)
    if not faces:
        raise DataError("the FDDB scores need at least one face")
    steps = [
        step
        for picture, found in zip(pictures, predictions, strict=True)
        for step in _steps(picture, found)
    ]
    table = np.array(steps, np.float64).reshape(-1, 4)
    table = table[np.argsort(-table[:, 0], kind="stable")]
    last = np.flatnonzero(np.diff(table[:, 0], append=-np.inf))
    false, discrete, continuous = table[:, 1:].cumsum(axis=0)[last].T
    return FddbCurve(
        table[last, 0],
        np.rint(false).astype(np.int64),
        discrete / faces,
        continuous / faces,
        faces,
    )


def _steps(picture: FddbPicture, found: ScoredBoxes) -> Iterator[tuple[float, float, float, float]]:
    """Yield score, and what its detections add: false positives, discrete, continuous."""
    from scipy.optimize import linear_sum_assignment

    order = np.argsort(-found.scores, kind="stable")
    scores = found.scores[order]
    overlaps = ellipse_overlaps(picture.ellipses, found.xyxy_px[order], picture.size_px)
    before = np.zeros(3)
    for kept in np.flatnonzero(np.diff(scores, append=-np.inf)) + 1:
        pairs = overlaps[:, :kept][linear_sum_assignment(overlaps[:, :kept], maximize=True)]
        right = int((pairs > MIN_OVERLAP).sum())
        now = np.array([kept - right, right, pairs.sum()])
        false, discrete, continuous = (now - before).tolist()
        yield float(scores[kept - 1]), false, discrete, continuous
        before = now


def ellipse_overlaps(
    ellipses: NDArray[np.float64],
    boxes_xyxy_px: NDArray[np.float32],
    size_px: tuple[int, int] | None = None,
) -> NDArray[np.float64]:
    """Return the intersection over union of every ellipse with every box.

    Parameters
    ----------
    ellipses : ndarray of shape (M, 5), float64
        See `FddbPicture`.
    boxes_xyxy_px : ndarray of shape (N, 4), float32
    size_px : (int, int), optional
        Width and height of the picture: what lies outside does not count.

    Returns
    -------
    ndarray of shape (M, N), float64
        Exact to about 0.001.
    """
    boxes = boxes_xyxy_px.astype(np.float64)
    whole = np.pi * ellipses[:, 0] * ellipses[:, 1]
    if size_px is not None:
        picture = np.array([[0.0, 0.0, *size_px]])
        boxes = np.clip(boxes, 0, np.tile(size_px, 2))
        whole = _shared_areas(ellipses, picture)[:, 0]
    shared = _shared_areas(ellipses, boxes)
    areas = np.prod(boxes[:, 2:] - boxes[:, :2], axis=1)
    union = whole[:, None] + areas[None] - shared
    overlaps = np.zeros_like(shared)
    np.divide(shared, union, out=overlaps, where=union > 0)
    return overlaps


def _shared_areas(ellipses: NDArray[np.float64], boxes: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return the areas that ellipses (M, 5) and boxes (N, 4) share, in square pixels.

    Both are cut into columns over the range that they have in common; in each column
    the ellipse is one stretch.
    """
    major, minor, angle, x, y = (column[:, None] for column in ellipses.T)
    cos, sin = np.cos(angle), np.sin(angle)
    reach = np.hypot(major * cos, minor * sin)
    left = np.maximum(x - reach, boxes[None, :, 0])
    right = np.minimum(x + reach, boxes[None, :, 2])
    width = np.maximum(right - left, 0) / _COLUMNS
    # (M, N, columns): distance of each column's middle from the centre
    middle = left[..., None] - x[..., None] + width[..., None] * (np.arange(_COLUMNS) + 0.5)
    # a dy^2 + b dy + c = 0 at the edge, from (u / major)^2 + (v / minor)^2 = 1
    a = ((sin / major) ** 2 + (cos / minor) ** 2)[..., None]
    b = (2 * sin * cos * (major**-2.0 - minor**-2.0))[..., None] * middle
    c = ((cos / major) ** 2 + (sin / minor) ** 2)[..., None] * middle**2 - 1
    root = np.sqrt(np.maximum(b * b - 4 * a * c, 0))
    top = np.maximum(y[..., None] + (-b - root) / (2 * a), boxes[None, :, 1, None])
    bottom = np.minimum(y[..., None] + (-b + root) / (2 * a), boxes[None, :, 3, None])
    return np.asarray(np.maximum(bottom - top, 0).sum(axis=2) * width, np.float64)
