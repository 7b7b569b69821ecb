from __future__ import annotations

import numpy as np
import pytest

from recorder_core.errors import DataError
from recorder_core.train.metrics import (
    average_precision,
    box_overlaps,
    count_false_boxes,
    match_detections,
    recall_of,
)

FACES = np.array([[0, 0, 10, 10], [100, 0, 110, 10]], np.float32)


def _match(boxes, scores, faces=FACES, **settings):
    return match_detections(
        np.array(boxes, np.float32).reshape(-1, 4), np.array(scores, np.float32), faces, **settings
    )


def test_overlaps_by_hand():
    overlaps = box_overlaps(FACES, np.array([[0, 0, 10, 5], [5, 0, 15, 10]], np.float32))
    assert overlaps == pytest.approx(np.array([[0.5, 1 / 3], [0, 0]]))


def test_everything_right_is_one():
    assert average_precision([_match(FACES, [0.3, 0.9])]) == 1.0


def test_nothing_found_is_zero():
    assert average_precision([_match([], [])]) == 0.0


def test_a_curve_by_hand():
    # best first: right, wrong, right -> precision 1 at recall 1/2, 2/3 at recall 1
    boxes = [FACES[0], [50, 50, 60, 60], FACES[1]]
    assert average_precision([_match(boxes, [0.9, 0.8, 0.7])]) == pytest.approx(0.5 + 0.5 * 2 / 3)


def test_precision_is_the_best_at_this_or_a_higher_recall():
    # wrong, right, right -> 0, 1/2, 2/3; the envelope is 2/3 throughout
    boxes = [[50, 50, 60, 60], FACES[0], FACES[1]]
    assert average_precision([_match(boxes, [0.9, 0.8, 0.7])]) == pytest.approx(2 / 3)


def test_scores_are_ranked_over_all_pictures():
    right = _match([FACES[0]], [0.9], FACES[:1])
    wrong = _match([[50, 50, 60, 60]], [0.95], FACES[:1])
    assert average_precision([right, wrong]) == pytest.approx(0.25)


def test_the_second_detection_of_a_face_is_wrong():
    matches = _match([FACES[0], FACES[0]], [0.9, 0.8], FACES[:1])
    assert matches.is_true.tolist() == [True, False]
    assert count_false_boxes([matches], 0.5) == 1
    assert count_false_boxes([matches], 0.85) == 0


def test_the_better_score_takes_the_face_whatever_the_order():
    matches = _match([FACES[0], FACES[0]], [0.2, 0.8], FACES[:1])
    assert matches.found_scores == pytest.approx([0.8])
    assert matches.scores == pytest.approx([0.8, 0.2])


def test_a_small_face_is_neither_missed_nor_wrong():
    faces = np.array([[0, 0, 50, 50], [100, 0, 120, 6]], np.float32)
    matches = _match([faces[0], faces[1]], [0.5, 0.9], faces, min_face_px=8)
    assert average_precision([matches]) == 1.0
    assert matches.face_counts.tolist() == [True, False]
    assert count_false_boxes([matches], 0.0) == 0
    assert average_precision([_match([faces[0]], [0.5], faces, min_face_px=8)]) == 1.0


def test_overlap_must_reach_the_limit():
    near = [[0, 0, 10, 6]]
    assert _match(near, [0.9], min_iou=0.6).is_true.tolist() == [True]
    assert _match(near, [0.9], min_iou=0.61).is_true.tolist() == [False]


def test_no_face_at_all_is_an_error():
    with pytest.raises(DataError, match="at least one face"):
        average_precision([_match([], [], np.zeros((0, 4), np.float32))])


def test_recall():
    found = np.array([True, False, True])
    assert recall_of(found, np.array([True, True, False])) == 0.5
    assert recall_of(found, np.zeros(3, bool)) is None
