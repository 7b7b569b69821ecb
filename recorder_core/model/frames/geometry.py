"""Where a place of the stored frame is in the frame as a player shows it.

A file may say that its frames are to be stretched (pixel shape), mirrored and turned
by quarter turns when they are shown. People name views, and detectors look for faces,
in the shown frame; boxes are kept, and redactions painted, in pixels of the stored one.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import TYPE_CHECKING, Any, Final

import numpy as np
from numpy.typing import NDArray

from recorder_core.model.frames.views import View, parse_view

if TYPE_CHECKING:
    from PIL.Image import Image

__all__ = ["Orientation", "ShownGeometry", "shown_view"]

#: (a, b, c, d) of x' = a x + c y, y' = b x + d y for each orientation: x to the right,
#: y down, as in a display matrix (ISO/IEC 14496-12, 6.2.2)
_MATRICES: Final = {
    (False, 0): (1, 0, 0, 1),
    (False, 1): (0, -1, 1, 0),
    (False, 2): (-1, 0, 0, -1),
    (False, 3): (0, 1, -1, 0),
    (True, 0): (-1, 0, 0, 1),
    (True, 1): (0, 1, 1, 0),
    (True, 2): (1, 0, 0, -1),
    (True, 3): (0, -1, -1, 0),
}
#: what rounding may add to a whole pixel
_EPSILON: Final = 1e-6
#: tag of EXIF that holds the orientation (CIPA DC-008, 4.6.4)
_EXIF_TAG: Final = 0x0112
#: orientation for each of its values
_EXIF: Final[Mapping[Any, tuple[bool, int]]] = {
    2: (True, 0),
    3: (False, 2),
    4: (True, 2),
    5: (True, 1),
    6: (False, 3),
    7: (True, 3),
    8: (False, 1),
}


@dataclass(frozen=True, slots=True)
class Orientation:
    """One of the eight ways to show a stored frame: first mirrored, then turned."""

    #: left and right are exchanged
    mirrored: bool = False
    #: quarter turns counter-clockwise, 0 to 3
    turns: int = 0

    @classmethod
    def of_matrix(cls, matrix: Sequence[int] | None) -> Orientation:
        """Return the orientation nearest to a display matrix of nine numbers; None: as stored."""
        if matrix is None:
            return cls()
        a, b, c, d = matrix[0], matrix[1], matrix[3], matrix[4]
        length = math.hypot(a, b) or 1.0
        unit = (a / length, b / length, c / length, d / length)
        return cls(*max(_MATRICES, key=lambda key: _product(_MATRICES[key], unit)))

    @classmethod
    def of_exif(cls, tags: Mapping[int, Any]) -> Orientation:
        """Return the orientation that EXIF's tags, by number, give to the stored pixels.

        Without the tag, and by values that are none, they are shown as they are stored.
        """
        return cls(*_EXIF.get(tags.get(_EXIF_TAG), (False, 0)))

    @classmethod
    def of_pillow(cls, image: Image) -> Orientation:
        """Return the orientation of the pixels, and of the size, that Pillow gives.

        Pillow turns TIFF files itself, and no others.
        """
        return cls() if image.format == "TIFF" else cls.of_exif(image.getexif())

    @property
    def is_as_stored(self) -> bool:
        """Whether the frame is shown as it is stored."""
        return not self.mirrored and self.turns == 0

    @property
    def swaps_sides(self) -> bool:
        """Whether the stored width becomes the shown height."""
        return self.turns % 2 == 1

    def then(self, after: Orientation) -> Orientation:
        """Return the orientation that shows what this one shows, moved by another."""
        turns = after.turns - self.turns if after.mirrored else after.turns + self.turns
        return Orientation(self.mirrored != after.mirrored, turns % 4)

    def show(self, pixels: NDArray[Any]) -> NDArray[Any]:
        """Return stored pixels, (H, W) or (H, W, C), as they are shown; a view, not a copy."""
        return np.rot90(pixels[:, ::-1] if self.mirrored else pixels, self.turns)

    def show_boxes(
        self, boxes_xyxy: NDArray[np.float64], width: float, height: float
    ) -> NDArray[np.float64]:
        """Move boxes (N, 4) of a stored frame of a size to where they are shown."""
        x0, y0, x1, y1 = boxes_xyxy.T
        if self.mirrored:
            x0, x1 = width - x1, width - x0
        edges = (
            (x0, y0, x1, y1),
            (y0, width - x1, y1, width - x0),
            (width - x1, height - y1, width - x0, height - y0),
            (height - y1, x0, height - y0, x1),
        )
        return np.stack(edges[self.turns], axis=1)

    def store_boxes(
        self, boxes_xyxy: NDArray[np.float64], width: float, height: float
    ) -> NDArray[np.float64]:
        """Move boxes (N, 4) that are shown back into a stored frame of a size."""
        x0, y0, x1, y1 = boxes_xyxy.T
        edges = (
            (x0, y0, x1, y1),
            (width - y1, x0, width - y0, x1),
            (width - x1, height - y1, width - x0, height - y0),
            (y0, height - x1, y1, height - x0),
        )
        x0, y0, x1, y1 = edges[self.turns]
        if self.mirrored:
            x0, x1 = width - x1, width - x0
        return np.stack((x0, y0, x1, y1), axis=1)


def _product(first: Sequence[float], second: Sequence[float]) -> float:
    return sum(one * other for one, other in zip(first, second, strict=True))


@dataclass(frozen=True, slots=True)
class ShownGeometry:
    """How the frames of a video are stretched, mirrored and turned when they are shown."""

    #: as stored
    width_px: int
    height_px: int
    sample_aspect_ratio: Fraction = Fraction(1)
    orientation: Orientation = Orientation()

    @property
    def shown_size_px(self) -> tuple[int, int]:
        """Width and height of the frame that a player shows, in square pixels."""
        width = round(self.width_px * self.sample_aspect_ratio)
        if self.orientation.swaps_sides:
            return self.height_px, width
        return width, self.height_px

    @property
    def pixel_shape(self) -> tuple[float, float]:
        """Square pixels across and down that a player makes of one stored pixel, as shown."""
        across = round(self.width_px * self.sample_aspect_ratio) / self.width_px
        return (1.0, across) if self.orientation.swaps_sides else (across, 1.0)

    def show_boxes(self, boxes_xyxy_px: NDArray[np.float64]) -> NDArray[np.float64]:
        """Move boxes of the stored frame into the shown one.

        Parameters
        ----------
        boxes_xyxy_px : ndarray of shape (N, 4), float64

        Returns
        -------
        ndarray of shape (N, 4), float64
        """
        width = round(self.width_px * self.sample_aspect_ratio)
        stretch = width / self.width_px
        stretched = boxes_xyxy_px * [stretch, 1.0, stretch, 1.0]
        return self.orientation.show_boxes(stretched, width, self.height_px)

    def store_boxes(self, boxes_xyxy_px: NDArray[np.float64]) -> NDArray[np.float64]:
        """Move boxes of the shown frame into the stored one; the inverse of `show_boxes`."""
        width = round(self.width_px * self.sample_aspect_ratio)
        stretch = self.width_px / width
        stored = self.orientation.store_boxes(boxes_xyxy_px, width, self.height_px)
        return stored * [stretch, 1.0, stretch, 1.0]

    def store_view(self, view: View) -> View:
        """Return a view of the shown frame as the pixels of the stored frame that it touches."""
        box = [[view.x, view.y, view.x + view.width, view.y + view.height]]
        x0, y0, x1, y1 = self.store_boxes(np.array(box, np.float64))[0].tolist()
        left, top = max(0, math.floor(x0 + _EPSILON)), max(0, math.floor(y0 + _EPSILON))
        right = min(self.width_px, math.ceil(x1 - _EPSILON))
        bottom = min(self.height_px, math.ceil(y1 - _EPSILON))
        return View(left, top, max(2, right - left), max(2, bottom - top))


def shown_view(text: str, geometry: ShownGeometry) -> View:
    """Read a view that a person names in the frame as a player shows it.

    Parameters
    ----------
    text : str
        ``X,Y,WIDTH,HEIGHT`` in square pixels of the shown frame, or a layout's name.
    geometry : ShownGeometry
        How the frame is shown.

    Returns
    -------
    View
        In pixels of the stored frame.

    Raises
    ------
    SettingsError
        If the text is neither, or the view does not lie inside the shown frame.
    """
    return geometry.store_view(parse_view(text, *geometry.shown_size_px))
