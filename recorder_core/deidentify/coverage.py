"""How much the shapes of redactions hide, without their soft edges."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import numpy as np
from numpy.typing import NDArray

from recorder_core.deidentify.boxes import Box, clip_box
from recorder_core.deidentify.redaction_shape import FaceShape, RedactionSettings, face_shapes
from recorder_core.model.faces.detections import Redaction
from recorder_core.model.frames.views import View

__all__ = ["face_coverage", "frame_shapes", "hidden_points", "redacted_grid"]

#: points per side of a face at which coverage is tested
_COVERAGE_POINTS = 32


def face_coverage(face: Box, shapes: Sequence[FaceShape]) -> float:
    """Return the share of a face's box that the union of redaction shapes hides.

    Parameters
    ----------
    face : tuple of float
        The face, in pixels.
    shapes : sequence of FaceShape
        The frame's redactions, from `face_shapes`.

    Returns
    -------
    float
        In [0, 1], measured at 32 x 32 points.
    """
    return float(hidden_points(face, shapes, _COVERAGE_POINTS).mean())


def hidden_points(face: Box, shapes: Sequence[FaceShape], points: int) -> NDArray[np.bool_]:
    """Return which points of a grid over a face's box, (points, points), the shapes hide.

    Parameters
    ----------
    face : tuple of float
        The face, in pixels.
    shapes : sequence of FaceShape
        The frame's redactions, from `face_shapes`.
    points : int
        Points along each side; the first lies half a step from the box's corner.
    """
    steps = (np.arange(points) + 0.5) / points
    xs, ys = face[0] + steps * (face[2] - face[0]), face[1] + steps * (face[3] - face[1])
    hidden = np.zeros((points, points), bool)
    for shape in shapes:
        if clip_box(face, shape.core):
            hidden |= _points_inside(xs, ys, shape)
    return hidden


def frame_shapes(
    redactions: Iterable[Redaction], view: View, redaction: RedactionSettings
) -> list[FaceShape]:
    """Return the shapes that the redactions of a frame paint inside the view."""
    frame = view.x + view.width, view.y + view.height
    return face_shapes(redactions, redaction, view, *frame)


def redacted_grid(shapes: Sequence[FaceShape], view: View, grid_px: float) -> NDArray[np.bool_]:
    """Return which points of a grid over the view, (rows, columns), are hidden.

    Parameters
    ----------
    shapes : sequence of FaceShape
        The frame's redactions, from `frame_shapes`.
    view : View
    grid_px : float
        Distance of the points; the first lies half of it from the view's corner.
    """
    xs = np.arange(view.x + grid_px / 2, view.x + view.width, grid_px)
    ys = np.arange(view.y + grid_px / 2, view.y + view.height, grid_px)
    hidden = np.zeros((len(ys), len(xs)), bool)
    for shape in shapes:
        x0, y0, x1, y1 = shape.core
        across, down = slice(*xs.searchsorted((x0, x1))), slice(*ys.searchsorted((y0, y1)))
        hidden[down, across] |= _points_inside(xs[across], ys[down], shape)
    return hidden


def _points_inside(
    xs: NDArray[np.float64], ys: NDArray[np.float64], shape: FaceShape
) -> NDArray[np.bool_]:
    """Return which points of a grid, (rows, columns), lie in the core of a shape."""
    x0, y0, x1, y1 = shape.core
    right = ((xs - shape.centre_x) / shape.radius_x) ** 2
    down = ((ys - shape.centre_y) / shape.radius_y) ** 2
    right[(xs < x0) | (xs >= x1)] = np.inf
    down[(ys < y0) | (ys >= y1)] = np.inf
    inside: NDArray[np.bool_] = right[None, :] + down[:, None] <= 1.0
    return inside
