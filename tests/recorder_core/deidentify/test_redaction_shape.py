"""Geometry of a redaction."""

from __future__ import annotations

import pytest
from hypothesis import given, strategies as st

from recorder_core.deidentify.redaction_shape import (
    MIN_CELL_PX,
    RedactionSettings,
    face_shapes,
)
from recorder_core.errors import SettingsError
from recorder_core.model import Redaction, View

FRAME = View(0, 0, 1920, 1080)


def shape_of(box, settings=None, bounds=FRAME):
    redaction = Redaction(0, box, "detected", -1, 0.5)
    (shape,) = face_shapes([redaction], settings or RedactionSettings(), bounds, 1920, 1080)
    return shape


@given(
    x=st.floats(200, 900),
    y=st.floats(200, 500),
    width=st.floats(0, 300),
    height=st.floats(0, 300),
    share=st.sampled_from([0.0, 0.2, 1.0]),
)
def test_core_holds_the_corners_of_the_face(x, y, width, height, share):
    shape = shape_of((x, y, x + width, y + height), RedactionSettings("cells", share, share))
    for corner_x in (x, x + width):
        for corner_y in (y, y + height):
            across = (corner_x - shape.centre_x) / shape.radius_x
            down = (corner_y - shape.centre_y) / shape.radius_y
            assert across**2 + down**2 <= 1 + 1e-9


def test_more_is_covered_above_than_below():
    x0, y0, x1, y1 = shape_of((500, 500, 560, 580)).core
    assert 500 - y0 > y1 - 580 > 0
    assert 500 - x0 == x1 - 560 > 0


@pytest.mark.parametrize("scale", [0, 0.5, 1, 2.5])
def test_scaled_margins_hold_the_corners_of_the_face(scale):
    scaled = RedactionSettings.scaled(scale, "solid")
    assert scaled.method == "solid"
    assert scaled.enlarge_sides == pytest.approx(0.2 * scale)
    assert scaled.enlarge_bottom == pytest.approx(0.2 * scale)
    assert scaled.min_margin_px == pytest.approx(10 * scale)
    box = (500, 500, 560, 580)
    shape, usual = shape_of(box, scaled), shape_of(box)
    across = (500 - shape.centre_x) / shape.radius_x
    down = (500 - shape.centre_y) / shape.radius_y
    assert across**2 + down**2 <= 1 + 1e-9
    assert (shape.radius_y > usual.radius_y) == (scale > 1)
    assert (shape.radius_y < usual.radius_y) == (scale < 1)


def test_a_small_face_gets_the_least_margin_on_each_side():
    x0, y0, x1, y1 = shape_of((500, 500, 516, 520)).core
    assert 500 - x0 >= 10
    assert x1 - 516 >= 10
    assert 500 - y0 >= 10
    assert y1 - 520 >= 10
    wide = shape_of((500, 500, 700, 700))
    assert wide == shape_of((500, 500, 700, 700), RedactionSettings(min_margin_px=0))


@pytest.mark.parametrize("method", ["cells", "mosaic"])
@pytest.mark.parametrize("size", [1, 7, 60, 600])
def test_cells_are_few_and_relate_to_the_face(method, size):
    settings = RedactionSettings(method, cells=6)
    for sample_px in (1, 2):
        grid = shape_of((500, 300, 500 + size, 300 + size), settings).grid(settings, sample_px)
        assert 1 <= grid.columns <= 6
        assert 1 <= grid.rows <= 6
        assert (grid.x1 - grid.x0) // grid.columns >= MIN_CELL_PX // sample_px or grid.columns == 1


def test_cells_stay_large_where_the_face_leaves_the_frame():
    settings = RedactionSettings()
    inside, leaving = shape_of((500, 300, 600, 400)), shape_of((-90, 300, 10, 400))
    a, b = inside.grid(settings, 1), leaving.grid(settings, 1)
    assert (a.columns, a.x1 - a.x0) == (b.columns, b.x1 - b.x0)


@pytest.mark.parametrize(
    "change",
    [
        {"method": "pixelate"},
        {"enlarge_top": -0.1},
        {"soft_edge": 1.5},
        {"min_margin_px": -1},
        {"cells": 0},
        {"cells": 7},
        {"levels": 64},
        {"blur_sigma": 0.1},
        {"solid_yuv": (0, 0, 256)},
    ],
)
def test_settings_out_of_range_are_refused(change):
    with pytest.raises(SettingsError, match=next(iter(change))):
        RedactionSettings(**change)
