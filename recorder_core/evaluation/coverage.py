"""What redacting the detected boxes would hide of the labelled faces, and what it costs.

Each box with at least a score is redacted as in a frame of the picture's own size: margins in
pixels are pixels of the picture as it is stored, whatever its size as the detector sees it. Only
the cores of the shapes count, not their soft edges, and only what of a face is in the picture.
Nothing is tracked, filled or padded: it is what the detector does alone.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from recorder_core.deidentify import (
    frame_shapes,
    hidden_points,
    redacted_grid,
)
from recorder_core.deidentify.redaction_shape import FaceShape
from recorder_core.evaluation.attributes import AttributeClasses, attribute_classes
from recorder_core.evaluation.pictures import CoverageSettings, DetectedPicture
from recorder_core.model import Redaction, View

__all__ = ["EYES_HIDDEN_SHARE", "EYE_BAND", "CoveragePoint", "HiddenFaces", "measure_coverage"]

#: where the eyes are in a labelled box from hairline or edge of the cap to the chin, upright or
#: bent, as shares of its height from the top; the whole width: in profile an eye is at the edge
EYE_BAND: Final = (0.25, 0.55)
#: the eyes are hidden if at least this share of their band is
EYES_HIDDEN_SHARE: Final = 0.99
#: points per side of a face's box at which it is tested
_FACE_POINTS: Final = 64
#: points along the longer side of a picture at which the redacted area is measured
_PICTURE_POINTS: Final = 400
_STEPS: Final = (np.arange(_FACE_POINTS) + 0.5) / _FACE_POINTS
_IN_ELLIPSE: Final = (2 * _STEPS[None] - 1) ** 2 + (2 * _STEPS[:, None] - 1) ** 2 <= 1
_IN_EYE_BAND: Final = np.broadcast_to(
    (np.clip(_STEPS, *EYE_BAND) == _STEPS)[:, None], _IN_ELLIPSE.shape
)


@dataclass(frozen=True, slots=True)
class HiddenFaces:
    """How much of some faces is hidden; a share is None where there is no face."""

    faces: int
    #: share of the faces of whose ellipse at least `CoverageSettings.min_hidden_share` is hidden
    hidden: float | None
    #: mean of the hidden shares of the ellipses
    mean_share: float | None
    #: share of the faces of whose band of the eyes at least `EYES_HIDDEN_SHARE` is hidden
    eyes_hidden: float | None


@dataclass(frozen=True, slots=True)
class CoveragePoint:
    """What is hidden of the faces that count when the boxes with at least a score are redacted."""

    min_score: float
    all_faces: HiddenFaces
    #: attribute -> value -> faces that have it
    by_attribute: Mapping[str, Mapping[str, HiddenFaces]]
    #: what is redacted outside of all labelled boxes, share of the picture, mean of the pictures
    redacted_outside_faces: float


def measure_coverage(
    pictures: Sequence[DetectedPicture], settings: CoverageSettings
) -> tuple[CoveragePoint, ...]:
    """Measure what of the labelled faces the redaction of detected boxes would hide.

    Parameters
    ----------
    pictures : sequence of DetectedPicture
    settings : CoverageSettings

    Returns
    -------
    tuple of CoveragePoint
        One for each of the settings' scores; none if there is no picture, or the size of one
        is not known.
    """
    if not pictures or any(picture.size_px is None for picture in pictures):
        return ()
    classes = attribute_classes(pictures)
    return tuple(_measure_at(pictures, classes, score, settings) for score in settings.scores)


def _measure_at(
    pictures: Sequence[DetectedPicture],
    classes: AttributeClasses,
    min_score: float,
    settings: CoverageSettings,
) -> CoveragePoint:
    views = [View(0, 0, *(picture.size_px or (0, 0))) for picture in pictures]
    painted = [
        frame_shapes(_redactions(picture, min_score), view, settings.redaction)
        for picture, view in zip(pictures, views, strict=True)
    ]
    drawn = list(zip(pictures, painted, views, strict=True))
    shares = np.concatenate([_hidden_shares(*each) for each in drawn])
    counts = np.concatenate([picture.face_counts for picture in pictures])

    def select(chosen: NDArray[np.bool_]) -> HiddenFaces:
        return _summarise(shares[chosen & counts], settings)

    return CoveragePoint(
        min_score,
        select(counts),
        {name: {v: select(own) for v, own in each.items()} for name, each in classes.items()},
        float(np.mean([_redacted_outside(*each) for each in drawn])),
    )


def _redactions(picture: DetectedPicture, min_score: float) -> list[Redaction]:
    """Return a redaction for each box with at least the score; empty boxes are none."""
    boxes = picture.found.xyxy_px
    kept = (picture.found.scores >= min_score) & (boxes[:, 2:] > boxes[:, :2]).all(axis=1)
    rows = zip(boxes[kept].tolist(), picture.found.scores[kept].tolist(), strict=True)
    return [Redaction(0, tuple(box), "detected", -1, score) for box, score in rows]


def _hidden_shares(
    picture: DetectedPicture, shapes: Sequence[FaceShape], view: View
) -> NDArray[np.float64]:
    """Return the hidden shares of each face's ellipse and of its band of the eyes, (M, 2)."""
    cores = np.array([shape.core for shape in shapes]).reshape(-1, 4)
    rows = []
    for face in picture.labelled.judged_faces:
        x0, y0, x1, y1 = face.box_xyxy_px
        meets = (cores[:, :2] < (x1, y1)).all(axis=1) & (cores[:, 2:] > (x0, y0)).all(axis=1)
        near = [shapes[place] for place in np.flatnonzero(meets).tolist()]
        rows.append(_hidden_of(face.box_xyxy_px, near, view))
    return np.array(rows, np.float64).reshape(-1, 2)


def _hidden_of(
    box: tuple[float, float, float, float], shapes: Sequence[FaceShape], view: View
) -> tuple[float, float]:
    x0, y0, x1, y1 = box
    xs, ys = x0 + _STEPS * (x1 - x0), y0 + _STEPS * (y1 - y0)
    hidden = hidden_points(box, shapes, _FACE_POINTS)
    seen = ((ys >= 0) & (ys < view.height))[:, None] & ((xs >= 0) & (xs < view.width))[None]
    return _share(hidden, seen & _IN_ELLIPSE), _share(hidden, seen & _IN_EYE_BAND)


def _share(hidden: NDArray[np.bool_], part: NDArray[np.bool_]) -> float:
    """Return the hidden share of a part of a face; 1 where none of it is in the picture."""
    return float(hidden[part].mean()) if part.any() else 1.0


def _redacted_outside(picture: DetectedPicture, shapes: Sequence[FaceShape], view: View) -> float:
    """Return the share of the picture that is redacted and in no labelled box."""
    grid_px = max(view.width, view.height) / _PICTURE_POINTS
    redacted = redacted_grid(shapes, view, grid_px)
    rows, columns = redacted.shape
    xs, ys = (np.arange(columns) + 0.5) * grid_px, (np.arange(rows) + 0.5) * grid_px
    labelled = picture.labelled
    for x0, y0, x1, y1 in np.concatenate([labelled.boxes_xyxy_px, labelled.ignored_xyxy_px]):
        redacted &= ~(((ys >= y0) & (ys < y1))[:, None] & ((xs >= x0) & (xs < x1))[None])
    return float(redacted.mean())


def _summarise(shares: NDArray[np.float64], settings: CoverageSettings) -> HiddenFaces:
    """Summarise the hidden shares, (M, 2), of some faces."""
    if not len(shares):
        return HiddenFaces(0, None, None, None)
    face, eyes = shares.T
    return HiddenFaces(
        len(shares),
        float((face >= settings.min_hidden_share).mean()),
        float(face.mean()),
        float((eyes >= EYES_HIDDEN_SHARE).mean()),
    )
