from __future__ import annotations

import numpy as np
import pytest

from recorder_core.errors import SettingsError
from recorder_core.model import LAYOUTS, View, layout_view, parse_view


def test_numbers_give_exactly_that_view() -> None:
    assert parse_view("1280,720,640,360", 1920, 1080) == View(1280, 720, 640, 360)


def test_room_view_of_the_recorders_layout() -> None:
    assert layout_view("surgery-box", 1920, 1080) == View(1280, 720, 640, 360)


@pytest.mark.parametrize("size", [(1920, 1080), (1280, 720), (854, 480), (448, 252), (256, 144)])
def test_views_of_the_recorders_layout_cover_the_frame_once(size: tuple[int, int]) -> None:
    layout = LAYOUTS["surgery-box"]
    cover = np.zeros((size[1], size[0]), int)
    for name in layout.places:
        view = layout.view(name, *size)
        assert view.x % 2 == view.y % 2 == view.width % 2 == view.height % 2 == 0
        cover[view.y : view.y + view.height, view.x : view.x + view.width] += 1
    assert np.all(cover == 1)


@pytest.mark.parametrize("name", LAYOUTS)
@pytest.mark.parametrize("size", [(1920, 1080), (1280, 720), (642, 362), (64, 48)])
def test_layouts_stay_inside_any_frame(name: str, size: tuple[int, int]) -> None:
    view = layout_view(name, *size)
    assert view.fits(*size)
    assert view.x % 2 == view.y % 2 == 0


@pytest.mark.parametrize(
    "text",
    [
        "1,2,3",
        "a,b,c,d",
        "surgery",
        "",
        "-2,0,640,360",
        "0,0,1,1",
        "1281,720,640,360",
        "0,721,640,360",
    ],
)
def test_what_does_not_fit_is_refused(text: str) -> None:
    with pytest.raises(SettingsError):
        parse_view(text, 1920, 1080)
