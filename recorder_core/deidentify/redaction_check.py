"""What redactions cover, and whether they were really applied."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import numpy as np
from numpy.typing import NDArray

from recorder_core.deidentify.redaction import redact
from recorder_core.deidentify.redaction_reference import shape_weights
from recorder_core.deidentify.redaction_shape import (
    FULL_WEIGHT,
    FaceShape,
    PixelBox,
    RedactionSettings,
    face_shapes,
    intersection,
    view_box,
)
from recorder_core.model import Planes, Redaction, View

__all__ = ["changed_share", "covered_box", "shape_mask"]

#: a difference of this many levels or less shows nothing of a face: it is about the
#: noise of a lossy encoder at the qualities that the program writes
FLAT_LEVELS: Final = 8
EVERYWHERE: Final = (-(2**40), -(2**40), 2**40, 2**40)


def covered_box(redaction: Redaction, settings: RedactionSettings) -> PixelBox:
    """Return the smallest box of whole pixels around the fully redacted core.

    It holds the face box, and may leave the frame where the face does.
    """
    return FaceShape.around(redaction, settings, limits=EVERYWHERE).core


def shape_mask(
    redactions: Sequence[Redaction],
    settings: RedactionSettings,
    bounds: View,
    area: View | None = None,
) -> NDArray[np.bool_]:
    """Return which pixels are fully redacted: those of the cores, without soft edges.

    Parameters
    ----------
    redactions : sequence of Redaction
        The faces of one frame.
    settings : RedactionSettings
        Those that the faces are redacted with.
    bounds : View
        Those that the faces are redacted with.
    area : View, optional
        The pixels asked for; `bounds` unless given.

    Returns
    -------
    ndarray of bool
        Shape (area.height, area.width).
    """
    box, limits = view_box(area or bounds), view_box(bounds)
    frame = max(box[2], limits[2]), max(box[3], limits[3])
    mask = np.zeros((box[3] - box[1], box[2] - box[0]), np.bool_)
    for shape in face_shapes(redactions, settings, bounds, *frame):
        x0, y0, x1, y1 = part = intersection(shape.core, box)
        if x0 < x1 and y0 < y1:
            core = shape_weights(shape, part, 1) == FULL_WEIGHT
            mask[y0 - box[1] : y1 - box[1], x0 - box[0] : x1 - box[0]] |= core
    return mask


def changed_share(
    before: Planes,
    after: Planes,
    redactions: Sequence[Redaction],
    settings: RedactionSettings,
    bounds: View,
) -> NDArray[np.float64]:
    """Return, for each redaction, the share of its core that was really redacted.

    A sample counts as redacted if `after` is nearer to what the redaction makes of
    `before` than to `before` itself, so that a lossy encoder's noise is neither
    mistaken for a redaction nor for a missing one. Samples that the redaction leaves
    alike (within `FLAT_LEVELS`: a wall, a face already filled) have nothing to hide
    and are left out.

    Parameters
    ----------
    before, after : Planes
        The frame of the source and that of the de-identified copy; same size.
    redactions : sequence of Redaction
        The N faces that were planned for this frame.
    settings : RedactionSettings
        Those of the plan.
    bounds : View
        Those of the plan.

    Returns
    -------
    ndarray of float64
        Shape (N,): 1.0 all redacted or nothing to hide, 0.0 untouched.
    """
    expected = writable_copy(before)
    redact(expected, redactions, settings, bounds)
    shares = np.ones(len(redactions))
    for index, redaction in enumerate(redactions):
        for shape in face_shapes([redaction], settings, bounds, before.width, before.height):
            shares[index] = _redacted_share(shape, before, expected, after)
    return shares


def writable_copy(planes: Planes) -> Planes:
    """Return a frame of its own memory that may be redacted."""
    return Planes(
        planes.y.copy(), planes.u.copy(), planes.v.copy(), planes.full_range, planes.matrix
    )


def _redacted_share(shape: FaceShape, before: Planes, expected: Planes, after: Planes) -> float:
    """Pool luma and chroma samples of one core."""
    visible = hidden = 0
    for name, sample_px in (("y", 1), ("u", 2), ("v", 2)):
        x0, y0, x1, y1 = box = shape.plane_clip(sample_px)
        source, wanted, result = (
            getattr(planes, name)[y0:y1, x0:x1].astype(np.int16)
            for planes in (before, expected, after)
        )
        counted = shape_weights(shape, box, sample_px) == FULL_WEIGHT
        counted &= np.abs(wanted - source) > FLAT_LEVELS
        nearer = np.abs(result - wanted) < np.abs(result - source)
        visible += int(counted.sum())
        hidden += int((counted & nearer).sum())
    return hidden / visible if visible else 1.0
