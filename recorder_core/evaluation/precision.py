"""Precision against recall, average precision, and recall at numbers of false positives."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from recorder_core.errors import DataError
from recorder_core.evaluation.matching import Matches
from recorder_core.model.values.carriers import carrier_repr

__all__ = [
    "OperatingPoint",
    "PrecisionRecall",
    "area_under_curve",
    "average_precision",
    "precision_recall",
]


@dataclass(frozen=True, slots=True)
class OperatingPoint:
    """What a detector does when boxes below a score are dropped."""

    #: detections with at least this score are kept; above every score: none is
    min_score: float
    #: fraction of the faces that count that are found; None: there is no such face
    recall: float | None
    #: share of the kept detections that are right; None: none is kept
    precision: float | None
    false_boxes_per_picture: float


@dataclass(frozen=True, slots=True)
class PrecisionRecall:
    """What happens as the minimum score falls; one point for each score that occurs."""

    __repr__ = carrier_repr

    #: (K,) float32, falling
    scores: NDArray[np.float32]
    #: (K,) int64: faces found at this minimum score
    true_boxes: NDArray[np.int64]
    #: (K,) int64: detections on no face, or not the first on it
    false_boxes: NDArray[np.int64]
    #: faces that count
    faces: int
    pictures: int

    @property
    def precision(self) -> NDArray[np.float64]:
        """Share of the detections that are right, (K,)."""
        return self.true_boxes / (self.true_boxes + self.false_boxes)

    @property
    def recall(self) -> NDArray[np.float64]:
        """Share of the faces that are found, (K,); NaN where there is no face."""
        return self.true_boxes / (self.faces or np.nan)

    def at_score(self, min_score: float) -> OperatingPoint:
        """Return the point at which detections with at least this score are kept."""
        return self._point(min_score, int((self.scores >= min_score).sum()))

    def at_false_boxes(self, per_picture: float) -> OperatingPoint:
        """Return the point with the most detections and at most so many false positives per image.

        Raises
        ------
        DataError
            If there is no picture.
        """
        if not self.pictures:
            raise DataError("false positives per image need at least one picture")
        kept = int((self.false_boxes <= per_picture * self.pictures).sum())
        return self._point(float(self.scores[kept - 1]) if kept else np.inf, kept)

    def _point(self, min_score: float, kept: int) -> OperatingPoint:
        true = int(self.true_boxes[kept - 1]) if kept else 0
        false = int(self.false_boxes[kept - 1]) if kept else 0
        return OperatingPoint(
            min_score,
            true / self.faces if self.faces else None,
            true / (true + false) if true + false else None,
            false / self.pictures,
        )


def precision_recall(matches: Sequence[Matches]) -> PrecisionRecall:
    """Count right and wrong detections over all pictures, at each score that occurs.

    Detections with the same score come in together. Detections that do not count are
    left out.

    Parameters
    ----------
    matches : sequence of Matches
        One for each picture, pictures without a face included.

    Returns
    -------
    PrecisionRecall
    """
    scores, is_true = _ranked(matches)
    last = np.flatnonzero(np.diff(scores, append=-np.inf))
    true = is_true.cumsum()[last]
    return PrecisionRecall(scores[last], true, last + 1 - true, _count_faces(matches), len(matches))


def average_precision(matches: Sequence[Matches]) -> float:
    """Return the area under the precision-recall curve over all pictures.

    Precision at a recall is the best precision at this or a higher recall, and every
    point of the curve counts (PASCAL VOC since 2010 [1]_).

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

    References
    ----------
    .. [1] M. Everingham, J. Winn, "The PASCAL Visual Object Classes Challenge 2010
       Development Kit", section 3.4.1.
    """
    faces = _count_faces(matches)
    if faces == 0:
        raise DataError("average precision needs at least one face that counts")
    hits = _ranked(matches)[1].cumsum()
    return area_under_curve(hits / faces, hits / np.arange(1, len(hits) + 1))


def area_under_curve(recall: NDArray[np.float64], precision: NDArray[np.float64]) -> float:
    """Return the area under a precision-recall curve, every point of which counts.

    Parameters
    ----------
    recall : ndarray of shape (K,), float64
        Rising.
    precision : ndarray of shape (K,), float64
        Replaced by the best precision at this or a higher recall.
    """
    envelope = np.maximum.accumulate(precision[::-1])[::-1]
    return float((np.diff(recall, prepend=0.0) * envelope).sum())


def _count_faces(matches: Sequence[Matches]) -> int:
    return sum(int(m.face_counts.sum()) for m in matches)


def _ranked(matches: Sequence[Matches]) -> tuple[NDArray[np.float32], NDArray[np.bool_]]:
    """Return scores and rightness of the detections that count, best first."""
    none: tuple[NDArray[np.float32], NDArray[np.bool_]] = np.zeros(0, np.float32), np.zeros(0, bool)
    scores = np.concatenate([none[0], *(m.scores[m.is_counted] for m in matches)])
    is_true = np.concatenate([none[1], *(m.is_true[m.is_counted] for m in matches)])
    order = np.argsort(-scores, kind="stable")
    return scores[order], is_true[order]
