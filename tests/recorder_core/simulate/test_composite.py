"""Panes fill the composite; colours become BT.709."""

from __future__ import annotations

import numpy as np
import pytest

from recorder_core.model import View, layout_view
from recorder_core.simulate.composite import blank_planes, paste, plan_panes


@pytest.mark.parametrize("size", [(1920, 1080), (1280, 720), (448, 252), (256, 144)])
def test_panes_cover_the_frame_once(size: tuple[int, int]) -> None:
    panes = plan_panes(*size)
    cover = np.zeros((size[1], size[0]), int)
    for view in (panes.laparoscope, panes.event_bar, panes.vital_signs, panes.bis, panes.room):
        assert view.x % 2 == view.y % 2 == view.width % 2 == view.height % 2 == 0
        cover[view.y : view.y + view.height, view.x : view.x + view.width] += 1
    assert np.all(cover == 1)
    assert panes.room == layout_view("surgery-box", *size)


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
