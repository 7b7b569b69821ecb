"""From RGB to the planes that redactions are painted on, and back.

References
----------
.. [1] JFIF 1.02 (ITU-T T.871), section 7: full-range Y, Cb, Cr with the luma of BT.601.
"""

from __future__ import annotations

from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from recorder_core.model.frames.planes import Planes

__all__ = ["planes_of_rgb", "rgb_of_planes"]

_RED, _GREEN, _BLUE = 0.299, 0.587, 0.114
_V_TO_RED, _U_TO_BLUE = 1.402, 1.772
_NO_COLOUR: Final = 128.0


def planes_of_rgb(rgb: NDArray[np.uint8]) -> Planes:
    """Convert a picture to full-range YUV 4:2:0 [1]_.

    Parameters
    ----------
    rgb : ndarray of shape (height, width, 3), uint8

    Returns
    -------
    Planes
        Each chroma sample is the mean of its pixels; the last row and column of an odd
        size stand for the missing ones. Rows lie in memory as planes need them, however
        those of the picture do (a turned one is a view).
    """
    red, green, blue = (rgb[:, :, channel].astype(np.float32) for channel in range(3))
    luma = _RED * red + _GREEN * green + _BLUE * blue
    return Planes(
        _levels(luma),
        _levels(_halved(blue - luma) / _U_TO_BLUE + _NO_COLOUR),
        _levels(_halved(red - luma) / _V_TO_RED + _NO_COLOUR),
        full_range=True,
        matrix="bt601",
    )


def rgb_of_planes(planes: Planes) -> NDArray[np.uint8]:
    """Convert full-range BT.601 planes to RGB; each chroma sample stands for its pixels.

    Returns
    -------
    ndarray of shape (height, width, 3), uint8
    """
    luma = planes.y.astype(np.float32)
    u, v = (_doubled(plane, planes) for plane in (planes.u, planes.v))
    red, blue = luma + _V_TO_RED * v, luma + _U_TO_BLUE * u
    green = (luma - _RED * red - _BLUE * blue) / _GREEN
    return np.stack([_levels(red), _levels(green), _levels(blue)], axis=2)


def _levels(values: NDArray[Any]) -> NDArray[np.uint8]:
    return np.asarray(np.clip(np.rint(values), 0, 255), np.uint8, order="C")


def _halved(values: NDArray[np.float32]) -> NDArray[np.float32]:
    height, width = values.shape
    even = np.pad(values, ((0, height % 2), (0, width % 2)), mode="edge")
    total = even[::2, ::2] + even[1::2, ::2] + even[::2, 1::2] + even[1::2, 1::2]
    return np.asarray(total / 4, np.float32)


def _doubled(plane: NDArray[np.uint8], planes: Planes) -> NDArray[np.float32]:
    full = plane.repeat(2, axis=0).repeat(2, axis=1)[: planes.height, : planes.width]
    return np.asarray(full.astype(np.float32) - _NO_COLOUR, np.float32)
