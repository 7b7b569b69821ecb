"""A picture of one source in its own size, as for a screenshot."""

from __future__ import annotations

import math
from collections.abc import Iterable
from typing import Final

import numpy as np
from numpy.typing import NDArray

from recorder_core.composite.layout import StaticZone
from recorder_core.media import Frame

__all__ = ["picture_without_zones"]

#: pixels around a zone into which the conversion to RGB mixes its chroma
_BLEED_PX: Final = 6


def picture_without_zones(frame: Frame, zones: Iterable[StaticZone]) -> NDArray[np.uint8]:
    """Return a frame as it is shown, with its zones black.

    Parameters
    ----------
    frame : Frame
        Of a source; it is not changed.
    zones : iterable of StaticZone
        Of this source. All is black where one was found in pictures of another shape.

    Returns
    -------
    ndarray of uint8, shape (H, W, 3)
        Red, green and blue, full range; upright, with square pixels.
    """
    picture = np.array(frame.to_rgb())
    height, width = picture.shape[:2]
    for zone in zones:
        if not zone.is_for(width, height):
            picture[:] = 0
        across, down = width / zone.picture_size_px[0], height / zone.picture_size_px[1]
        box = zone.rectangle
        top = max(0, math.floor(box.y * down) - _BLEED_PX)
        left = max(0, math.floor(box.x * across) - _BLEED_PX)
        bottom = math.ceil((box.y + box.height) * down) + _BLEED_PX
        right = math.ceil((box.x + box.width) * across) + _BLEED_PX
        picture[top:bottom, left:right] = 0
    return picture
