"""Colours become BT.709."""

from __future__ import annotations

import numpy as np
import pytest

from recorder_core.model import View
from recorder_core.simulate.pasting import blank_planes, paste


@pytest.mark.parametrize(
    ("rgb", "yuv"),
    [
        ((0, 0, 0), (16, 128, 128)),
        ((255, 255, 255), (235, 128, 128)),
        ((255, 0, 0), (63, 102, 240)),
        ((0, 255, 0), (173, 42, 26)),
        ((0, 0, 255), (32, 240, 118)),
    ],
)
def test_colours_are_those_of_bt709(rgb: tuple[int, int, int], yuv: tuple[int, int, int]) -> None:
    planes = blank_planes(32, 16)
    paste(planes, np.full((8, 12, 3), rgb, np.uint8), View(4, 4, 12, 8))
    for plane, want in zip((planes.y, planes.u, planes.v), yuv, strict=True):
        half = planes.y.shape[0] // plane.shape[0]
        inside = plane[4 // half : 12 // half, 4 // half : 16 // half]
        assert np.all(np.abs(inside.astype(int) - want) <= 1)
    assert planes.y[0, 0] == 16
    assert planes.u[0, 0] == 128


def test_a_small_picture_is_enlarged() -> None:
    planes = blank_planes(64, 32)
    paste(planes, np.full((8, 16, 3), 255, np.uint8), View(0, 0, 64, 32))
    assert np.all(planes.y == 235)
