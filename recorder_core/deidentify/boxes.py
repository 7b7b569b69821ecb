"""Arithmetic on single boxes, for the few faces of one frame.

A box is ``(x0, y0, x1, y1)`` in source-frame pixels, right and bottom edges
exclusive. These are plain functions on tuples: with fewer than 30 faces per frame
they are quicker than arrays; for the table of overlaps see `recorder_core.model.faces.overlaps`.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import TypeAlias

from recorder_core.model.frames.views import View

__all__ = [
    "Box",
    "box_area",
    "clip_box",
    "enclosing_box",
    "grow_box",
    "interpolate_boxes",
    "shift_box",
    "view_box",
]

#: (x0, y0, x1, y1), pixels of the source frame, right and bottom exclusive
Box: TypeAlias = tuple[float, float, float, float]


def view_box(view: View) -> Box:
    """Return the rectangle that a view fills."""
    return (
        float(view.x),
        float(view.y),
        float(view.x + view.width),
        float(view.y + view.height),
    )


def box_area(box: Box) -> float:
    """Return the area in square pixels; 0 for a box that is turned inside out."""
    return max(0.0, box[2] - box[0]) * max(0.0, box[3] - box[1])


def clip_box(box: Box, limits: Box) -> Box | None:
    """Return the part of a box inside the limits, or None where nothing is left."""
    x0, y0 = max(box[0], limits[0]), max(box[1], limits[1])
    x1, y1 = min(box[2], limits[2]), min(box[3], limits[3])
    return (x0, y0, x1, y1) if x0 < x1 and y0 < y1 else None


def grow_box(box: Box, factor: float) -> Box:
    """Scale both sides of a box by a factor; its centre stays."""
    dx, dy = (box[2] - box[0]) * (factor - 1) / 2, (box[3] - box[1]) * (factor - 1) / 2
    return (box[0] - dx, box[1] - dy, box[2] + dx, box[3] + dy)


def shift_box(box: Box, dx_px: float, dy_px: float) -> Box:
    """Move a box; its size stays."""
    return (box[0] + dx_px, box[1] + dy_px, box[2] + dx_px, box[3] + dy_px)


def interpolate_boxes(first: Box, second: Box, share: float) -> Box:
    """Return the box between two others: the first at share 0, the second at share 1."""
    keep = 1.0 - share
    return (
        keep * first[0] + share * second[0],
        keep * first[1] + share * second[1],
        keep * first[2] + share * second[2],
        keep * first[3] + share * second[3],
    )


def enclosing_box(boxes: Iterable[Box]) -> Box:
    """Return the smallest box around one or more boxes."""
    x0s, y0s, x1s, y1s = zip(*boxes, strict=True)
    return (min(x0s), min(y0s), max(x1s), max(y1s))
