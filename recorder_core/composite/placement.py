"""Where in a composite a picture of a source comes to lie, and what of it stays black."""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from recorder_core.composite.layout import LayoutView, StaticZone
from recorder_core.model import ShownGeometry, View

__all__ = ["Placement", "hidden_parts", "place_picture"]

#: composite pixels around a zone into which scaling mixes what is in it: those of a chroma sample
#: and of its neighbour
_BLEED_PX: Final = 4


@dataclass(frozen=True, slots=True)
class Placement:
    """Where a picture lies in a composite.

    Attributes
    ----------
    geometry : ShownGeometry
        Of the source's frames.
    scaled_px : tuple of int
        Even width and height of the whole picture, upright, at the composite's scale.
    offset_px : tuple of int
        How many of these pixels are cut off at the left and at the top; even.
    target : View
        Where the rest lies in the composite; even.
    """

    geometry: ShownGeometry
    scaled_px: tuple[int, int]
    offset_px: tuple[int, int]
    target: View

    @property
    def scale(self) -> tuple[float, float]:
        """Composite pixels for one pixel of the picture as shown, across and down."""
        width, height = self.geometry.shown_size_px
        return self.scaled_px[0] / width, self.scaled_px[1] / height

    def map_boxes(self, boxes_xyxy_px: NDArray[np.float64]) -> NDArray[np.float64]:
        """Move boxes of the source's stored frames to where the composite shows them.

        Parameters
        ----------
        boxes_xyxy_px : ndarray of shape (N, 4), float64

        Returns
        -------
        ndarray of shape (N, 4), float64
            In composite pixels, clipped to what is shown; a box that is not has no area.
        """
        return self.map_shown(self.geometry.show_boxes(boxes_xyxy_px))

    def map_shown(self, boxes_xyxy_px: NDArray[np.float64]) -> NDArray[np.float64]:
        """Move boxes of the source's picture as shown; the same as `map_boxes` otherwise."""
        across, down = self.scale
        left, top = self.target.x - self.offset_px[0], self.target.y - self.offset_px[1]
        moved = boxes_xyxy_px * [across, down, across, down] + [left, top, left, top]
        right, bottom = self.target.x + self.target.width, self.target.y + self.target.height
        low = [self.target.x, self.target.y] * 2
        return np.asarray(np.clip(moved, low, [right, bottom] * 2), np.float64)


def place_picture(view: LayoutView, geometry: ShownGeometry) -> Placement:
    """Return where a picture lies so that it keeps its shape, but for the fit `stretch`.

    Parameters
    ----------
    view : LayoutView
        That shows it.
    geometry : ShownGeometry
        Of the source's frames.
    """
    inside = view.inside
    scaled = _scaled_size(view, geometry)
    width, height = (min(scaled[0], inside.width), min(scaled[1], inside.height))
    target = View(
        inside.x + _half_even(inside.width - width),
        inside.y + _half_even(inside.height - height),
        width,
        height,
    )
    offset = _half_even(scaled[0] - width), _half_even(scaled[1] - height)
    return Placement(geometry, scaled, offset, target)


def _scaled_size(view: LayoutView, geometry: ShownGeometry) -> tuple[int, int]:
    inside = view.inside
    if view.fit == "stretch":
        return inside.width, inside.height
    width, height = geometry.shown_size_px
    scales = inside.width / width, inside.height / height
    if view.fit == "cover":
        scale = max(scales)
        return (
            max(inside.width, _even(width * scale)),
            max(inside.height, _even(height * scale)),
        )
    scale = min(scales)
    return min(inside.width, _even(width * scale)), min(inside.height, _even(height * scale))


def _even(value: float) -> int:
    return max(2, round(value / 2) * 2)


def _half_even(value: int) -> int:
    """Return half of an even number, rounded down to an even one."""
    return value // 4 * 2


def hidden_parts(placement: Placement, zones: Iterable[StaticZone]) -> list[View]:
    """Return what is black of a picture's place: all pixels that hold anything of a zone.

    All of it is where a zone was found in pictures of another shape.

    Parameters
    ----------
    placement : Placement
        Of the picture.
    zones : iterable of StaticZone
        Of its source.

    Returns
    -------
    list of View
        Even parts of the composite.
    """
    width, height = placement.geometry.shown_size_px
    parts = []
    for zone in zones:
        if not zone.is_for(width, height):
            return [placement.target]
        part = _hidden_part(placement, zone)
        if part is not None:
            parts.append(part)
    return parts


def _hidden_part(placement: Placement, zone: StaticZone) -> View | None:
    geometry, box = placement.geometry, zone.rectangle
    grown = np.divide(geometry.shown_size_px, zone.picture_size_px)
    corners = np.array([[box.x, box.y], [box.x + box.width, box.y + box.height]]) * grown
    origin = np.subtract((placement.target.x, placement.target.y), placement.offset_px)
    # of an enlarged picture, one pixel reaches into the places of its neighbours
    reach = _BLEED_PX + 2 * np.ceil(placement.scale)
    (x0, y0), (x1, y1) = corners * placement.scale + origin + [-reach, reach]
    return _even_part(placement.target, x0, y0, x1, y1)


def _even_part(target: View, x0: float, y0: float, x1: float, y1: float) -> View | None:
    """Return the even rectangle around a box, inside a target; None where nothing is left."""
    left = max(target.x, math.floor(x0 / 2) * 2)
    top = max(target.y, math.floor(y0 / 2) * 2)
    right = min(target.x + target.width, math.ceil(x1 / 2) * 2)
    bottom = min(target.y + target.height, math.ceil(y1 / 2) * 2)
    if right <= left or bottom <= top:
        return None
    return View(left, top, right - left, bottom - top)
