from __future__ import annotations

import itertools
import math

import numpy as np
import pytest

from recorder_core.errors import DataError
from recorder_core.evaluation.fddb import FddbPicture, ellipse_overlaps, fddb_curve

#: circles of radius 10
LEFT, RIGHT = (10, 10, 0, 50, 50), (10, 10, 0, 150, 50)
#: the box around the circle; half of the box
ON_LEFT, HALF_RIGHT, WRONG = (40, 40, 60, 60), (140, 40, 150, 60), (300, 300, 320, 320)
WHOLE = math.pi / 4
HALF = (math.pi * 50) / (math.pi * 100 + 200 - math.pi * 50)


def _picture(*ellipses, size_px=None):
    return FddbPicture(np.array(ellipses, np.float64).reshape(-1, 5), size_px)


def test_the_overlap_of_a_circle_with_the_box_around_it_and_with_half_of_it(boxes):
    found = boxes((*ON_LEFT, 1), (*HALF_RIGHT, 1)).xyxy_px
    overlaps = ellipse_overlaps(_picture(LEFT, RIGHT).ellipses, found)
    assert overlaps == pytest.approx(np.array([[WHOLE, 0], [0, HALF]]), abs=1e-3)


def test_the_overlap_of_a_turned_ellipse_against_counted_points():
    ellipse, box = (50.0, 30.0, 0.7, 100.0, 120.0), (80.0, 90.0, 160.0, 150.0)
    steps = (np.arange(1600) + 0.5) / 8
    x, y = np.meshgrid(steps, steps)
    along = (x - 100) * math.cos(0.7) + (y - 120) * math.sin(0.7)
    across = (y - 120) * math.cos(0.7) - (x - 100) * math.sin(0.7)
    inside = (along / 50) ** 2 + (across / 30) ** 2 <= 1
    in_box = (x > 80) & (x < 160) & (y > 90) & (y < 150)
    expected = (inside & in_box).sum() / (inside | in_box).sum()
    found = ellipse_overlaps(np.array([ellipse]), np.array([box], np.float32))
    assert found.item() == pytest.approx(expected, abs=1e-3)


def test_what_lies_outside_the_picture_does_not_count(boxes):
    # of the circle and of the box only the right half is in the picture
    face = _picture((10, 10, 0, 0, 50))
    overlaps = ellipse_overlaps(face.ellipses, boxes((-10, 40, 10, 60, 1)).xyxy_px, (100, 100))
    assert overlaps.item() == pytest.approx(WHOLE, abs=1e-3)
    cut = ellipse_overlaps(face.ellipses, boxes((0, 40, 10, 60, 1)).xyxy_px, (100, 100))
    assert cut.item() == pytest.approx(WHOLE, abs=1e-3)
    assert ellipse_overlaps(face.ellipses, boxes((0, 40, 10, 60, 1)).xyxy_px).item() < 0.5


def test_both_curves_by_hand(boxes):
    found = boxes((*ON_LEFT, 0.9), (*WRONG, 0.8), (*HALF_RIGHT, 0.7))
    curve = fddb_curve([_picture(LEFT, RIGHT)], [found])
    assert curve.scores == pytest.approx([0.9, 0.8, 0.7])
    # the half box overlaps too little: in the discrete score it is a false positive
    assert curve.false_positives.tolist() == [0, 1, 2]
    assert curve.discrete == pytest.approx([0.5, 0.5, 0.5])
    assert curve.continuous == pytest.approx([WHOLE / 2, WHOLE / 2, (WHOLE + HALF) / 2], abs=1e-3)


def test_pictures_are_put_into_one_curve(boxes):
    found = [boxes((*ON_LEFT, 0.9)), boxes((*WRONG, 0.95), (*ON_LEFT, 0.9)), boxes((*WRONG, 0.5))]
    curve = fddb_curve([_picture(LEFT), _picture(LEFT), _picture()], found)
    assert curve.faces == 2
    assert curve.scores == pytest.approx([0.95, 0.9, 0.5])
    assert curve.false_positives.tolist() == [1, 1, 2]
    assert curve.discrete == pytest.approx([0, 1, 1])


def test_faces_and_boxes_are_paired_so_that_the_sum_is_largest(boxes):
    faces = _picture((10, 10, 0, 50, 50), (10, 10, 0, 56, 50))
    # the first box overlaps the first face most, but the second has no other
    found = boxes((42, 40, 62, 60, 0.9), (36, 40, 56, 60, 0.8))
    overlaps = ellipse_overlaps(faces.ellipses, found.xyxy_px)
    sums = [overlaps[list(order), [0, 1]].sum() for order in itertools.permutations([0, 1])]
    assert overlaps[0, 0] > overlaps[1, 0]
    assert sums[1] > sums[0] + 0.1
    curve = fddb_curve([faces], [found])
    assert curve.continuous[-1] == pytest.approx(max(sums) / 2)
    assert curve.continuous[0] == pytest.approx(overlaps[0, 0] / 2)


def test_the_best_score_at_so_many_false_positives(boxes):
    found = boxes((*WRONG, 0.9), (*ON_LEFT, 0.8))
    curve = fddb_curve([_picture(LEFT)], [found])
    assert curve.at_false_positives(0) == (0, 0)
    assert curve.at_false_positives(1) == (1, pytest.approx(WHOLE, abs=1e-3))


def test_nothing_detected(boxes):
    curve = fddb_curve([_picture(LEFT)], [boxes()])
    assert curve.at_false_positives(1000) == (0, 0)


def test_no_face_and_no_ellipse_are_errors(boxes):
    with pytest.raises(DataError, match="at least one face"):
        fddb_curve([_picture()], [boxes()])
    with pytest.raises(DataError, match="five numbers"):
        FddbPicture(np.zeros((1, 4)))
