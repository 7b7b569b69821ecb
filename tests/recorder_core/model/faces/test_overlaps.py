from __future__ import annotations

import numpy as np
import pytest

from recorder_core.model.faces.overlaps import box_overlaps, covered_shares

BOXES = np.array([[0, 0, 10, 10], [100, 0, 110, 10]], np.float32)
NONE = np.zeros((0, 4), np.float32)


def test_overlaps_by_hand():
    overlaps = box_overlaps(BOXES, np.array([[0, 0, 10, 5], [5, 0, 15, 10]], np.float32))
    assert overlaps == pytest.approx(np.array([[0.5, 1 / 3], [0, 0]]))


@pytest.mark.parametrize("kind", [np.float32, np.float64])
def test_the_type_of_the_boxes_is_kept(kind):
    assert box_overlaps(BOXES.astype(kind), BOXES.astype(kind)).dtype == kind
    assert covered_shares(BOXES.astype(kind), BOXES.astype(kind)).dtype == kind


def test_a_region_covers_a_share_of_the_box_not_of_itself():
    regions = np.array([[0, 0, 2, 100], [5, 0, 1000, 1000]], np.float32)
    assert covered_shares(BOXES, regions) == pytest.approx([0.5, 1.0])


def test_nothing_overlaps_nothing():
    assert box_overlaps(NONE, BOXES).shape == (0, 2)
    assert box_overlaps(BOXES, NONE).shape == (2, 0)
    assert covered_shares(BOXES, NONE).tolist() == [0, 0]
    empty = np.zeros((1, 4), np.float32)
    assert box_overlaps(empty, empty).item() == 0


def test_overlaps_worked_by_hand() -> None:
    first = np.array([[0.0, 0, 10, 10], [5, 5, 5, 5]])
    second = np.array([[0.0, 0, 10, 10], [5, 0, 15, 10], [20, 20, 30, 30]])
    table = box_overlaps(first, second)
    assert table[0] == pytest.approx([1, 50 / 150, 0])
    assert (table[1] == 0).all()


def test_boxes_that_are_turned_inside_out_overlap_nothing() -> None:
    inside_out = np.array([[10.0, 10, 0, 0]])
    assert box_overlaps(inside_out, inside_out).item() == 0
    assert box_overlaps(inside_out, np.array([[0.0, 0, 10, 10]])).item() == 0


def test_boxes_in_whole_pixels_have_shares_between_0_and_1() -> None:
    whole = np.array([[0, 0, 10, 10]])
    assert box_overlaps(whole, np.array([[5, 0, 15, 10]])).item() == pytest.approx(1 / 3)
    assert box_overlaps(whole, np.array([[0, 0, 2.5, 10]])).item() == 0.25
    assert covered_shares(whole, np.array([[5, 0, 15, 10]])).item() == 0.5
