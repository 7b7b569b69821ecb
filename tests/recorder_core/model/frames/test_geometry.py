from __future__ import annotations

import itertools
from fractions import Fraction

import numpy as np
import pytest

from recorder_core.errors import SettingsError
from recorder_core.model import Orientation, ShownGeometry, View, shown_view

ONE = 1 << 16
#: display matrix (a, b, c, d) -> where the corners of [[1, 2], [3, 4]] are shown
SHOWN = {
    (1, 0, 0, 1): [[1, 2], [3, 4]],
    (-1, 0, 0, 1): [[2, 1], [4, 3]],
    (1, 0, 0, -1): [[3, 4], [1, 2]],
    (-1, 0, 0, -1): [[4, 3], [2, 1]],
    # x' = -y: the left edge becomes the upper one, as after a quarter turn clockwise
    (0, 1, -1, 0): [[3, 1], [4, 2]],
    (0, -1, 1, 0): [[2, 4], [1, 3]],
    (0, 1, 1, 0): [[1, 3], [2, 4]],
    (0, -1, -1, 0): [[4, 2], [3, 1]],
}
#: value of EXIF -> the same, after the drawings of CIPA DC-008
EXIF = {
    1: [[1, 2], [3, 4]],
    2: [[2, 1], [4, 3]],
    3: [[4, 3], [2, 1]],
    4: [[3, 4], [1, 2]],
    5: [[1, 3], [2, 4]],
    6: [[3, 1], [4, 2]],
    7: [[4, 2], [3, 1]],
    8: [[2, 4], [1, 3]],
}
ALL = [Orientation(mirrored, turns) for mirrored in (False, True) for turns in range(4)]


def _matrix(a: int, b: int, c: int, d: int, scale: int = ONE) -> tuple[int, ...]:
    return a * scale, b * scale, 0, c * scale, d * scale, 0, 0, 0, 1 << 30


@pytest.mark.parametrize(("matrix", "shown"), SHOWN.items())
@pytest.mark.parametrize("scale", [ONE, ONE // 3])
def test_each_display_matrix(
    matrix: tuple[int, int, int, int], shown: list[list[int]], scale: int
) -> None:
    orientation = Orientation.of_matrix(_matrix(*matrix, scale))
    assert orientation.show(np.array([[1, 2], [3, 4]])).tolist() == shown


@pytest.mark.parametrize(("value", "shown"), EXIF.items())
def test_each_value_of_exif(value: int, shown: list[list[int]]) -> None:
    assert Orientation.of_exif({0x0112: value}).show(np.array([[1, 2], [3, 4]])).tolist() == shown


def test_what_says_nothing_is_shown_as_stored() -> None:
    for orientation in (
        Orientation.of_matrix(None),
        Orientation.of_matrix((0,) * 9),
        Orientation.of_exif({}),
        Orientation.of_exif({0x0112: 0}),
        Orientation.of_exif({0x0112: 9}),
        Orientation.of_exif({0x0112: "x"}),
    ):
        assert orientation.is_as_stored


@pytest.mark.parametrize("orientation", ALL)
def test_a_box_is_where_its_pixels_are_shown(orientation: Orientation) -> None:
    stored = np.zeros((5, 7), int)
    stored[1:3, 2:6] = 1
    rows, columns = np.nonzero(orientation.show(stored))
    wanted = [columns.min(), rows.min(), columns.max() + 1, rows.max() + 1]
    box = np.array([[2, 1, 6, 3]], float)
    assert orientation.show_boxes(box, 7, 5).tolist() == [wanted]
    assert orientation.store_boxes(np.array([wanted], float), 7, 5).tolist() == box.tolist()


@pytest.mark.parametrize(
    ("orientation", "aspect"),
    list(itertools.product(ALL, [Fraction(1), Fraction(3, 2), Fraction(16, 15)])),
)
def test_boxes_come_back_from_the_shown_frame(orientation: Orientation, aspect: Fraction) -> None:
    geometry = ShownGeometry(120, 50, aspect, orientation)
    boxes = np.array([[0, 0, 120, 50], [3.5, 4, 17, 40.25]])
    shown = geometry.show_boxes(boxes)
    width, height = geometry.shown_size_px
    assert shown[0].tolist() == [0, 0, width, height]
    np.testing.assert_allclose(geometry.store_boxes(shown), boxes, atol=1e-9)


def test_a_stretched_frame_is_wider() -> None:
    box = ShownGeometry(128, 64, Fraction(3, 2)).show_boxes(np.array([[16, 8, 48, 24]], float))
    assert box.tolist() == [[24, 8, 72, 24]]


def test_no_boxes_stay_no_boxes() -> None:
    geometry = ShownGeometry(8, 8, orientation=Orientation(turns=1))
    assert geometry.show_boxes(np.zeros((0, 4))).shape == (0, 4)


def test_a_view_is_named_in_the_frame_that_is_shown() -> None:
    upside_down = ShownGeometry(1920, 1080, orientation=Orientation(turns=2))
    assert shown_view("1280,720,640,360", upside_down) == View(0, 0, 640, 360)
    assert shown_view("surgery-box", upside_down) == View(0, 0, 640, 360)
    on_its_side = ShownGeometry(1080, 1920, orientation=Orientation(turns=1))
    assert on_its_side.shown_size_px == (1920, 1080)
    # a turn against the clock shows what is stored low on the right, stored right at the top
    assert shown_view("1280,720,640,360", on_its_side) == View(0, 1280, 360, 640)
    assert shown_view("0,0,640,360", on_its_side) == View(720, 0, 360, 640)


def test_a_view_of_wide_pixels_covers_every_stored_pixel_that_it_touches() -> None:
    wide = ShownGeometry(960, 1080, Fraction(2))
    assert shown_view("1281,0,320,200", wide) == View(640, 0, 161, 200)
    with pytest.raises(SettingsError, match="does not lie inside the frame of 1920x1080"):
        shown_view("1900,0,30,30", wide)


@pytest.mark.parametrize("after", ALL)
@pytest.mark.parametrize("before", ALL)
def test_one_orientation_after_another_is_one(before: Orientation, after: Orientation) -> None:
    stored = np.arange(15).reshape(3, 5)
    np.testing.assert_array_equal(before.then(after).show(stored), after.show(before.show(stored)))
