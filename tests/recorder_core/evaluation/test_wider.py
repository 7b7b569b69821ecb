from __future__ import annotations

import numpy as np
import pytest

from recorder_core.datasets import Dataset, LabelledFace, LabelledPicture
from recorder_core.errors import DataError
from recorder_core.evaluation.wider import (
    WiderPicture,
    join_difficulties,
    wider_average_precision,
)

BIG, SMALL, WRONG = (0, 0, 99, 99), (300, 0, 309, 9), (600, 600, 640, 640)


def _picture(faces, easy=None):
    """Return a picture whose faces all count at medium and hard, and `easy` at easy."""
    everyone = np.ones(len(faces), bool)
    counts = {"easy": np.array(easy, bool) if easy is not None else everyone}
    counts |= {"medium": everyone, "hard": everyone}
    return WiderPicture(np.array(faces, np.float32).reshape(-1, 4), counts)


def test_a_face_that_a_difficulty_does_not_count_is_ignored(boxes):
    picture = _picture([BIG, SMALL], easy=[True, False])
    found = boxes((*WRONG, 0.9), (*SMALL, 0.8), (*BIG, 0.7))
    # easy: wrong, (ignored), right -> 1/2 at recall 1
    # hard: wrong, right, right -> 1/2 at recall 1/2, 2/3 at recall 1
    measured = wider_average_precision([picture], [found])
    assert measured == {
        "easy": pytest.approx(1 / 2),
        "medium": pytest.approx(2 / 3),
        "hard": pytest.approx(2 / 3),
    }


def test_a_second_box_on_a_face_is_wrong(boxes):
    found = boxes((*BIG, 0.9), (*BIG, 0.8), (*SMALL, 0.7))
    measured = wider_average_precision([_picture([BIG, SMALL])], [found])
    assert measured["hard"] == pytest.approx(0.5 + 0.5 * 2 / 3)


def test_scores_are_stretched_over_the_whole_set_and_read_at_1000_steps(boxes):
    first = _picture([BIG, SMALL])
    found = boxes((*BIG, 1), (*SMALL, 0.50095), (*WRONG, 0.50005))
    # alone the scores become 1, 0.0018 and 0: each in a step of its own
    assert wider_average_precision([first], [found])["easy"] == pytest.approx(1.0)
    # beside a score of 0, right and wrong are in one step: 2/3 at recall 1
    other = _picture([BIG], easy=[False])
    measured = wider_average_precision([first, other], [found, boxes((*BIG, 0.0))])
    assert measured["easy"] == pytest.approx(0.5 + 0.5 * 2 / 3)


def test_another_range_of_scores_changes_nothing(boxes):
    picture = _picture([BIG, SMALL])
    found = boxes((*WRONG, 0.75), (*SMALL, 0.5), (*BIG, 0.25))
    shifted = boxes((*WRONG, 17.5), (*SMALL, 15), (*BIG, 12.5))
    expected = wider_average_precision([picture], [found])
    assert wider_average_precision([picture], [shifted]) == expected


def test_boxes_reach_one_pixel_further_than_their_width(boxes):
    # 10x10 pixels, of which 5 columns are found: half, where 4 of 9 would be too few
    face, half = (0, 0, 9, 9), (0, 0, 4, 9)
    assert wider_average_precision([_picture([face])], [boxes((*half, 0.9))])["hard"] == 1.0
    less = (0, 0, 3.9, 9)
    assert wider_average_precision([_picture([face])], [boxes((*less, 0.9))])["hard"] == 0.0


def test_pictures_without_a_detection_and_without_a_face(boxes):
    pictures = [_picture([BIG]), _picture([BIG]), _picture([])]
    found = [boxes((*BIG, 0.5), (*WRONG, 0.1)), boxes(), boxes((*WRONG, 0.9))]
    # the face of the second picture is missed; the third picture adds nothing
    assert wider_average_precision(pictures, found)["hard"] == pytest.approx(0.5)


def test_one_score_for_all_boxes(boxes):
    found = boxes((*BIG, 0.5), (*WRONG, 0.5))
    assert wider_average_precision([_picture([BIG])], [found])["hard"] == pytest.approx(0.5)


def test_without_a_face_that_counts_there_is_no_precision(boxes):
    measured = wider_average_precision([_picture([BIG], easy=[False])], [boxes((*BIG, 0.5))])
    assert measured["easy"] is None
    assert measured["hard"] == 1.0


def _list(*names, ignored=()):
    faces = tuple(
        LabelledFace(tuple(map(float, box)), ignored=n in ignored)
        for n, box in enumerate((BIG, SMALL))
    )
    return Dataset(tuple(LabelledPicture(name, None, faces) for name in names))


def test_the_three_lists_are_joined():
    lists = {"easy": _list("a", ignored=[1]), "medium": _list("a"), "hard": _list("a")}
    (picture,) = join_difficulties(lists)
    assert picture.faces_xyxy_px.tolist() == [list(BIG), list(SMALL)]
    assert picture.counts["easy"].tolist() == [True, False]
    assert picture.counts["hard"].tolist() == [True, True]


@pytest.mark.parametrize(("hard", "sentence"), [(("b",), "differ"), (("a", "b"), "numbers")])
def test_lists_that_do_not_belong_together(hard, sentence):
    lists = {"easy": _list("a"), "medium": _list("a"), "hard": _list(*hard)}
    with pytest.raises(DataError, match=sentence):
        join_difficulties(lists)


def test_each_face_is_in_each_list():
    with pytest.raises(DataError, match="do not fit 1 faces"):
        WiderPicture(
            np.zeros((1, 4), np.float32),
            {name: np.zeros(2, bool) for name in ("easy", "medium", "hard")},
        )
