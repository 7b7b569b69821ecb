"""Boxes of a source are moved to where the composite shows them."""

from __future__ import annotations

from fractions import Fraction

import numpy as np
import pytest

from recorder_core.composite import LayoutView, place_picture
from recorder_core.composite.layout import Fit
from recorder_core.model import Orientation, ShownGeometry, View

VIEW = LayoutView(name="room", source="room", rectangle=View(1280, 720, 640, 360))


def moved(view: LayoutView, geometry: ShownGeometry, *box: float) -> list[float]:
    boxes = place_picture(view, geometry).map_boxes(np.array([box], np.float64))
    return [float(value) for value in boxes[0]]


@pytest.mark.parametrize(
    ("fit", "geometry", "box", "where"),
    [
        ("contain", ShownGeometry(1920, 1080), (300, 150, 600, 450), (1380, 770, 1480, 870)),
        # 4:3: 480x360 in the middle
        ("contain", ShownGeometry(640, 480), (0, 0, 640, 480), (1360, 720, 1840, 1080)),
        # 4:3: 640x480, 60 px cut off above and below
        ("cover", ShownGeometry(640, 480), (0, 60, 640, 100), (1280, 720, 1920, 760)),
        ("cover", ShownGeometry(640, 480), (100, 0, 200, 40), (1380, 720, 1480, 720)),
        ("stretch", ShownGeometry(640, 480), (0, 240, 320, 480), (1280, 900, 1600, 1080)),
        (
            "contain",
            ShownGeometry(720, 576, Fraction(64, 45)),
            (360, 288, 720, 576),
            (1600, 900, 1920, 1080),
        ),
        # turned by a quarter: the stored right upper corner is the shown left upper one
        (
            "contain",
            ShownGeometry(1080, 1920, orientation=Orientation(turns=1)),
            (780, 0, 1080, 300),
            (1280, 720, 1380, 820),
        ),
    ],
)
def test_boxes_are_moved_to_where_they_are_shown(
    fit: Fit,
    geometry: ShownGeometry,
    box: tuple[float, ...],
    where: tuple[float, ...],
) -> None:
    view = LayoutView(name="room", source="room", rectangle=VIEW.rectangle, fit=fit)
    assert moved(view, geometry, *box) == pytest.approx(where)


def test_no_box_is_none() -> None:
    placement = place_picture(VIEW, ShownGeometry(640, 360))
    assert placement.map_boxes(np.empty((0, 4))).shape == (0, 4)
    assert placement.scale == (1.0, 1.0)
