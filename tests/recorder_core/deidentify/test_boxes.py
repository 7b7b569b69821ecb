from __future__ import annotations

from recorder_core.deidentify.boxes import (
    box_area,
    clip_box,
    enclosing_box,
    grow_box,
    interpolate_boxes,
    shift_box,
    view_box,
)
from recorder_core.model import View


def test_view_box_has_exclusive_right_and_bottom_edges() -> None:
    assert view_box(View(10, 20, 30, 40)) == (10, 20, 40, 60)


def test_area_of_a_box_turned_inside_out_is_zero() -> None:
    assert box_area((0, 0, 4, 5)) == 20
    assert box_area((4, 5, 0, 0)) == 0


def test_clip_keeps_the_part_inside_or_nothing() -> None:
    assert clip_box((-5, 2, 5, 20), (0, 0, 10, 10)) == (0, 2, 5, 10)
    assert clip_box((10, 0, 12, 5), (0, 0, 10, 10)) is None


def test_grow_and_shift_keep_centre_and_size() -> None:
    assert grow_box((10, 10, 20, 30), 2) == (5, 0, 25, 40)
    assert shift_box((10, 10, 20, 30), 1, -2) == (11, 8, 21, 28)


def test_interpolation_ends_at_both_boxes() -> None:
    first, second = (0.0, 0.0, 10.0, 10.0), (20.0, 10.0, 40.0, 30.0)
    assert interpolate_boxes(first, second, 0) == first
    assert interpolate_boxes(first, second, 1) == second
    assert interpolate_boxes(first, second, 0.5) == (10, 5, 25, 20)


def test_hull_is_around_all_boxes() -> None:
    assert enclosing_box([(0, 5, 2, 6), (1, 0, 9, 3)]) == (0, 0, 9, 6)
