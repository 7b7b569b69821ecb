"""The simulated views put together into one YUV composite frame."""

from __future__ import annotations

from typing import Final

import cv2
import numpy as np

from recorder_core.model.frames.planes import Planes
from recorder_core.model.frames.views import View
from recorder_core.simulate.drawing.arrays import Channel, Field, Picture

__all__ = ["blank_planes", "paste"]

#: limited-range Y, U and V of R, G and B, 0..255 (ITU-R BT.709-6, items 3.2 to 3.4)
_LUMA: Final = np.array([0.2126, 0.7152, 0.0722]) * 219 / 255
_BLUE_DIFFERENCE: Final = np.array([-0.2126, -0.7152, 0.9278]) / 1.8556 * 224 / 255
_RED_DIFFERENCE: Final = np.array([0.7874, -0.7152, -0.0722]) / 1.5748 * 224 / 255


def blank_planes(width: int, height: int) -> Planes:
    """Return a black frame whose planes lie behind each other in one buffer."""
    sheet = np.empty((height * 3 // 2, width), np.uint8)
    sheet[:height] = 16
    sheet[height:] = 128
    u, v = sheet[height:].reshape(2, height // 2, width // 2)
    return Planes(sheet[:height], u, v)


def paste(planes: Planes, picture_rgb: Picture, view: View) -> None:
    """Paste a picture into a view; one that is smaller is enlarged.

    Parameters
    ----------
    planes : Planes
        BT.709, limited range; changed in place.
    picture_rgb : Picture
        RGB.
    view : View
        Even place and size.
    """
    red, green, blue = cv2.split(picture_rgb)
    luma = _mix((red, green, blue), _LUMA, 16)
    half = (picture_rgb.shape[1] // 2, picture_rgb.shape[0] // 2)
    red, green, blue = cv2.split(cv2.resize(picture_rgb, half, interpolation=cv2.INTER_AREA))
    _fill(planes.y[view.y : view.y + view.height, view.x : view.x + view.width], luma)
    rows = slice(view.y // 2, (view.y + view.height) // 2)
    columns = slice(view.x // 2, (view.x + view.width) // 2)
    # the positive term comes last, so that the sum stays inside 0..255 on the way
    _fill(planes.u[rows, columns], _mix((red, green, blue), _BLUE_DIFFERENCE, 128))
    _fill(planes.v[rows, columns], _mix((blue, green, red), _RED_DIFFERENCE[::-1], 128))


def _mix(channels: tuple[Channel, Channel, Channel], weights: Field, offset: float) -> Channel:
    """Return the weighted sum of three channels: two fused steps, faster than a transform."""
    first, second, third = channels
    two = cv2.addWeighted(first, weights[0], second, weights[1], offset)
    return np.asarray(cv2.addWeighted(two, 1.0, third, weights[2], 0), np.uint8)


def _fill(target: Channel, source: Channel) -> None:
    height, width = target.shape
    if source.shape != target.shape:
        source = cv2.resize(source, (width, height), interpolation=cv2.INTER_LINEAR)
    target[:] = source
