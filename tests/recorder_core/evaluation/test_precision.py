from __future__ import annotations

import numpy as np
import pytest

from recorder_core.errors import DataError
from recorder_core.evaluation.matching import match_detections
from recorder_core.evaluation.precision import average_precision, precision_recall

FACES = np.array([[0, 0, 10, 10], [100, 0, 110, 10]], np.float32)
WRONG = [50, 50, 60, 60]


def _match(boxes, scores, faces=FACES, **settings):
    return match_detections(
        np.array(boxes, np.float32).reshape(-1, 4), np.array(scores, np.float32), faces, **settings
    )


def test_everything_right_is_one():
    assert average_precision([_match(FACES, [0.3, 0.9])]) == 1.0


def test_nothing_found_is_zero():
    assert average_precision([_match([], [])]) == 0.0


def test_a_curve_by_hand():
    # best first: right, wrong, right -> precision 1 at recall 1/2, 2/3 at recall 1
    boxes = [FACES[0], WRONG, FACES[1]]
    assert average_precision([_match(boxes, [0.9, 0.8, 0.7])]) == pytest.approx(0.5 + 0.5 * 2 / 3)


def test_precision_is_the_best_at_this_or_a_higher_recall():
    # wrong, right, right -> 0, 1/2, 2/3; the envelope is 2/3 throughout
    boxes = [WRONG, FACES[0], FACES[1]]
    assert average_precision([_match(boxes, [0.9, 0.8, 0.7])]) == pytest.approx(2 / 3)


def test_scores_are_ranked_over_all_pictures():
    right = _match([FACES[0]], [0.9], FACES[:1])
    wrong = _match([WRONG], [0.95], FACES[:1])
    assert average_precision([right, wrong]) == pytest.approx(0.25)


def test_a_face_that_does_not_count_is_neither_missed_nor_wrong():
    counts = np.array([True, False])
    both = _match([FACES[0], FACES[1]], [0.5, 0.9], face_counts=counts)
    one = _match([FACES[0]], [0.5], face_counts=counts)
    assert average_precision([both]) == average_precision([one]) == 1.0


def test_no_face_at_all_is_an_error():
    with pytest.raises(DataError, match="at least one face"):
        average_precision([_match([], [], np.zeros((0, 4), np.float32))])


def _curve():
    # pictures of two faces: right .9, wrong .8; right .8, wrong .5, wrong .4
    first = _match([FACES[0], WRONG], [0.9, 0.8])
    second = _match([FACES[1], WRONG, [200, 200, 210, 210]], [0.8, 0.5, 0.4])
    return precision_recall([first, second])


def test_the_curve_has_one_point_for_each_score_that_occurs():
    curve = _curve()
    assert curve.scores == pytest.approx([0.9, 0.8, 0.5, 0.4])
    assert curve.true_boxes.tolist() == [1, 2, 2, 2]
    assert curve.false_boxes.tolist() == [0, 1, 2, 3]
    assert curve.recall == pytest.approx([0.25, 0.5, 0.5, 0.5])
    assert curve.precision == pytest.approx([1, 2 / 3, 1 / 2, 2 / 5])


def test_the_point_at_a_score():
    point = _curve().at_score(0.6)
    assert (point.recall, point.precision) == (0.5, pytest.approx(2 / 3))
    assert point.false_boxes_per_picture == 0.5
    nothing = _curve().at_score(0.95)
    assert (nothing.recall, nothing.precision, nothing.false_boxes_per_picture) == (0, None, 0)


@pytest.mark.parametrize(
    ("per_picture", "min_score", "recall"),
    [(0, 0.9, 0.25), (0.49, 0.9, 0.25), (0.5, 0.8, 0.5), (1, 0.5, 0.5), (9, 0.4, 0.5)],
)
def test_the_point_at_so_many_false_boxes(per_picture, min_score, recall):
    point = _curve().at_false_boxes(per_picture)
    assert point.min_score == pytest.approx(min_score)
    assert point.recall == recall
    assert point.false_boxes_per_picture <= per_picture


def test_boxes_of_one_score_come_in_together_or_not_at_all():
    curve = precision_recall([_match([FACES[0], WRONG], [0.9, 0.9])])
    point = curve.at_false_boxes(0.5)
    assert (point.min_score, point.recall, point.precision) == (np.inf, 0, None)


def test_without_faces_there_is_no_recall():
    none = np.zeros((0, 4), np.float32)
    curve = precision_recall([_match([WRONG], [0.9], none), _match([], [], none)])
    assert curve.at_score(0.5).recall is None
    assert curve.at_score(0.5).false_boxes_per_picture == 0.5
    assert np.isnan(curve.recall).all()


def test_without_pictures_there_are_no_false_boxes_a_picture():
    with pytest.raises(DataError, match="at least one picture"):
        precision_recall([]).at_false_boxes(1)
