from __future__ import annotations

import numpy as np
import pytest

from recorder_core.errors import DataError
from recorder_core.evaluation.matching import NOT_FOUND, match_detections

FACES = np.array([[0, 0, 10, 10], [100, 0, 110, 10]], np.float32)


def _match(boxes, scores, faces=FACES, **settings):
    return match_detections(
        np.array(boxes, np.float32).reshape(-1, 4), np.array(scores, np.float32), faces, **settings
    )


def test_the_second_detection_of_a_face_is_wrong():
    matches = _match([FACES[0], FACES[0]], [0.9, 0.8])
    assert matches.is_true.tolist() == [True, False]
    assert matches.is_false.tolist() == [False, True]
    assert matches.found_scores == pytest.approx([0.9, NOT_FOUND])


def test_the_better_score_takes_the_face_whatever_the_order():
    matches = _match([FACES[0], FACES[0]], [0.2, 0.8])
    assert matches.found_scores[0] == pytest.approx(0.8)
    assert matches.scores == pytest.approx([0.8, 0.2])


def test_a_detection_belongs_to_the_face_it_overlaps_most_even_if_that_is_taken():
    faces = np.array([[0, 0, 10, 10], [2, 0, 12, 10]], np.float32)
    # both overlap the first face most, and the second by 2/3 and more
    matches = _match([[0, 0, 10, 10], [0.5, 0, 10.5, 10]], [0.9, 0.8], faces)
    assert matches.is_true.tolist() == [True, False]
    assert matches.found_scores[1] == NOT_FOUND


def test_overlap_must_reach_the_limit():
    near = [[0, 0, 10, 6]]
    assert _match(near, [0.9], min_iou=0.6).is_true.tolist() == [True]
    assert _match(near, [0.9], min_iou=0.61).is_true.tolist() == [False]


def test_what_is_detected_on_a_face_that_does_not_count_is_neither_right_nor_wrong():
    counts = np.array([True, False])
    matches = _match([FACES[1], FACES[0], FACES[1]], [0.9, 0.5, 0.4], face_counts=counts)
    assert matches.is_true.tolist() == [False, True, False]
    assert matches.is_counted.tolist() == [False, True, False]
    assert matches.found_scores[1] == NOT_FOUND


def test_a_detection_inside_a_region_that_nobody_judged_does_not_count():
    region = np.array([[50, 0, 1000, 1000]], np.float32)
    rows = [[200, 200, 220, 220], [30, 0, 60, 10], FACES[1]]
    matches = _match(rows, [0.9, 0.8, 0.7], ignored_xyxy_px=region)
    # inside; with a third of its area inside; on a face inside
    assert matches.is_counted.tolist() == [False, True, True]
    assert matches.is_true.tolist() == [False, False, True]


def test_pictures_without_a_face_or_without_a_detection():
    none = np.zeros((0, 4), np.float32)
    assert _match([FACES[0]], [0.9], none).is_false.tolist() == [True]
    assert _match([], []).found_scores.tolist() == [NOT_FOUND, NOT_FOUND]


def test_boxes_must_fit_the_scores():
    with pytest.raises(DataError, match="do not fit 1 scores"):
        match_detections(FACES, np.zeros(1, np.float32), FACES)
