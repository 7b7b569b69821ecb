from __future__ import annotations

import json
from dataclasses import replace

import pytest

from recorder_core.datasets import LabelledFace
from recorder_core.evaluation import (
    ALL_SETS,
    EvaluationSettings,
    measure_set,
    measure_sets,
    voc_average_precision,
)

#: at 640 px long side: heights 20, 100 and 12
MASKED = LabelledFace((0.0, 0.0, 20.0, 20.0), mask="with_mask")
BARE = LabelledFace((100.0, 0.0, 200.0, 100.0), mask="without_mask")
TINY = LabelledFace((300.0, 0.0, 312.0, 12.0), mask="with_mask")
LEFT_OUT = LabelledFace((400.0, 0.0, 405.0, 5.0), mask="with_mask")
WRONG = (500, 300, 540, 340)
SETTINGS = EvaluationSettings(scores=(0.3, 0.6), false_boxes_per_picture=(0.0, 1.0))


@pytest.fixture
def pictures(judged):
    full = judged(
        [MASKED, BARE, TINY, LEFT_OUT],
        [
            (*MASKED.box_xyxy_px, 0.5),
            (*BARE.box_xyxy_px, 0.9),
            (*LEFT_OUT.box_xyxy_px, 0.95),
            (*WRONG, 0.7),
        ],
        name="full.jpg",
    )
    return [full, judged([], [(*WRONG, 0.4)], name="empty.jpg")]


def test_what_there_is(pictures):
    measures = measure_set(pictures, SETTINGS)
    assert (measures.pictures, measures.pictures_without_faces) == (2, 1)
    assert (measures.faces, measures.faces_left_out) == (3, 1)
    assert measures.faces_by_height_px == {
        "under 16": 1,
        "16 to 32": 1,
        "32 to 96": 0,
        "over 96": 1,
    }
    # the tiny face is not over 16 px
    assert measures.faces_by_mask == {"with_mask": 1, "without_mask": 1}


def test_what_is_found_at_each_score(pictures):
    low, high = measure_set(pictures, SETTINGS).by_score
    assert (low.min_score, low.recall, low.precision) == (0.3, 2 / 3, 0.5)
    assert low.false_boxes_per_picture == 1.0
    assert low.false_boxes_per_picture_without_faces == 1.0
    assert low.recall_by_mask == {"with_mask": 1.0, "without_mask": 1.0}
    assert low.recall_by_height_px == {
        "under 16": 0.0,
        "16 to 32": 1.0,
        "32 to 96": None,
        "over 96": 1.0,
    }
    assert (high.recall, high.false_boxes_per_picture) == (1 / 3, 0.5)
    assert high.false_boxes_per_picture_without_faces == 0.0
    assert high.recall_by_mask == {"with_mask": 0.0, "without_mask": 1.0}


def test_recall_by_what_the_labels_say_of_faces(judged):
    def face(box, **attributes):
        return LabelledFace(box, attributes=attributes)

    pictures = [
        judged(
            [
                face((0.0, 0.0, 20.0, 20.0), view="profile", cap="yes"),
                face((100.0, 0.0, 120.0, 20.0), view="profile", cap="unknown"),
                face((200.0, 0.0, 212.0, 12.0), view="profile"),
            ],
            [(0, 0, 20, 20, 0.5)],
            picture={"camera": "from_above"},
        ),
        judged([face((0.0, 0.0, 20.0, 20.0), view="front")], [(0, 0, 20, 20, 0.9)]),
    ]
    measures = measure_set(pictures, SETTINGS)
    # the third face is not over 16 px
    assert measures.faces_by_attribute == {
        "view": {"front": 1, "profile": 2},
        "cap": {"yes": 1},
        "camera": {"from_above": 2},
    }
    low, high = (point.recall_by_attribute for point in measures.by_score)
    assert low["view"] == {"front": 1.0, "profile": 0.5}
    assert high["view"] == {"front": 1.0, "profile": 0.0}
    assert (low["cap"], low["camera"]) == ({"yes": 1.0}, {"from_above": 0.5})
    shown = measures._repr_html_()
    assert "<td>view</td><td>profile</td><td>2</td><td>0.5</td><td>0</td>" in shown
    assert "eyes hidden" in shown


def test_coverage_is_measured_unless_it_is_not_wanted(pictures):
    measured = measure_set(pictures, SETTINGS).coverage
    assert [point.min_score for point in measured] == [0.5, 0.3, 0.1]
    assert [point.all_faces.faces for point in measured] == [3, 3, 3]
    assert measure_set(pictures, replace(SETTINGS, coverage=None)).coverage == ()


def test_what_is_found_at_so_many_false_boxes(pictures):
    (none, strict), (one, loose) = measure_set(pictures, SETTINGS).by_false_boxes
    assert (none, one) == (0.0, 1.0)
    assert (strict.min_score, strict.recall) == (pytest.approx(0.9), 1 / 3)
    assert (loose.min_score, loose.recall) == (pytest.approx(0.4), 2 / 3)
    assert loose.recall_by_mask["with_mask"] == 1.0


def test_average_precision_by_each_definition(pictures):
    measures = measure_set(pictures, SETTINGS)
    # right, wrong, right, wrong over three faces
    assert measures.voc == pytest.approx(1 / 3 + 1 / 3 * 2 / 3)
    assert measures.coco.iou_50 == pytest.approx((34 + 33 * 2 / 3) / 101)
    assert measures.by_frame.frames == 1
    assert voc_average_precision(pictures, SETTINGS) == {"": pytest.approx(measures.voc)}


def test_the_overlap_that_is_asked_for(judged):
    picture = judged([MASKED], [(0, 0, 20, 14, 0.9)])
    assert measure_set([picture], EvaluationSettings(min_match_iou=0.7)).voc == 1.0
    assert measure_set([picture], EvaluationSettings(min_match_iou=0.71)).voc == 0.0


def test_a_box_better_than_every_right_one_leaves_no_score(judged):
    picture = judged([MASKED], [(*WRONG, 0.9), (*MASKED.box_xyxy_px, 0.5)])
    ((_, point),) = measure_set(
        [picture], EvaluationSettings(false_boxes_per_picture=(0.0,))
    ).by_false_boxes
    assert (point.min_score, point.recall) == (None, 0.0)


def test_sets_alone_and_together(judged):
    right = judged([MASKED], [(*MASKED.box_xyxy_px, 0.9)], set_name="a")
    missed = judged([MASKED, BARE], [], set_name="b")
    empty = judged([], [(*WRONG, 0.9)], set_name="c")
    measured = measure_sets([missed, right, empty], SETTINGS)
    assert list(measured) == ["a", "b", "c", ALL_SETS]
    assert [measured[name].voc for name in "abc"] == [1.0, 0.0, None]
    assert measured[ALL_SETS].faces == 3
    assert voc_average_precision([right, missed], SETTINGS) == {"a": 1.0, "b": 0.0}


def test_one_set_is_not_measured_twice(judged):
    assert list(measure_sets([judged([MASKED], set_name="a")], SETTINGS)) == ["a"]
    assert list(measure_sets([judged([MASKED])], SETTINGS)) == [ALL_SETS]
    assert measure_sets([], SETTINGS) == {}


def test_the_measures_are_plain_json(pictures):
    content = measure_set(pictures, SETTINGS).to_dict()
    assert json.loads(json.dumps(content, allow_nan=False)) == content
    assert content["by_score"][0]["recall"] == 0.6667
    assert [point["at_most"] for point in content["by_false_boxes"]] == [0.0, 1.0]
    assert content["coco"]["iou_50"] == pytest.approx(content["voc"], abs=0.01)
