from __future__ import annotations

import numpy as np
import pytest

from recorder_core.datasets import Dataset, LabelledFace, LabelledPicture
from recorder_core.errors import DataError, SettingsError
from recorder_core.evaluation import Benchmark, EvaluationSettings, find_all_faces, leave_unjudged

FACE, MISSING = (0, 0, 40, 40), (100, 0, 140, 40)
SETTINGS = EvaluationSettings(scale="original", false_boxes_per_picture=(0.0,))


def _benchmark():
    labelled = LabelledPicture("a.jpg", (640, 480), (LabelledFace(FACE),))
    return Benchmark(Dataset((labelled, LabelledPicture("b.jpg", (640, 480)))))


def _precision(benchmark, predictions):
    return benchmark.measure(predictions, SETTINGS).sets["all sets"].voc


def test_a_box_on_a_face_that_nobody_labelled_is_not_wrong_any_more(boxes):
    benchmark = _benchmark()
    predictions = {
        "a.jpg": boxes((*MISSING, 0.9), (*FACE, 0.8)),
        "b.jpg": boxes((300, 0, 340, 40, 0.7)),
    }
    opinion = {"a": boxes((*MISSING, 0.6), (*FACE, 0.9)), "b": boxes((300, 0, 340, 40, 0.4))}
    marked, count = leave_unjudged(benchmark, opinion)
    # the labelled face stays a face, and a weak opinion counts for nothing
    assert count == 1
    assert [face.ignored for face in marked.dataset.pictures[0].faces] == [False, True]
    assert _precision(benchmark, predictions) == pytest.approx(1 / 2)
    assert _precision(marked, predictions) == 1.0
    false = marked.measure(predictions, SETTINGS).sets["all sets"].by_score[0]
    assert false.false_boxes_per_picture == 1 / 2


def test_a_perfect_detector_is_wrong_by_labels_that_leave_faces_out(boxes):
    count = 400
    places = [(90 * (i % 20), 90 * (i // 20)) for i in range(count)]
    faces = [(x, y, x + 40, y + 40) for x, y in places]
    labelled = LabelledPicture("a.jpg", (1800, 1800), tuple(map(LabelledFace, faces[:300])))
    benchmark = Benchmark(Dataset((labelled,)))
    opinion = {"a": boxes(*((*face, 0.9) for face in faces))}
    marked, missing = leave_unjudged(benchmark, opinion)
    assert missing == 100
    settings = EvaluationSettings(scale="original", false_boxes_per_picture=(50.0,))
    several = [find_all_faces(benchmark, marked, seed) for seed in range(10)]
    assert {len(found["a.jpg"]) for found in several} == {count}
    measured = [benchmark.measure(found, settings).sets["all sets"] for found in several]
    # three of four are labelled, wherever the list is cut; the curve's envelope adds a little
    assert 3 / 4 < np.mean([m.voc for m in measured]) < 0.8
    # half of the others are allowed: half of the labelled ones come before them
    recalls = [m.by_false_boxes[0][1].recall for m in measured]
    assert np.mean(recalls) == pytest.approx(1 / 2, abs=0.05)
    assert marked.measure(several[0], settings).sets["all sets"].voc == 1.0


def test_how_sure_the_opinion_must_be_can_be_said(boxes):
    opinion = {"a": boxes((*MISSING, 0.6)), "b": boxes((300, 0, 340, 40, 0.4))}
    assert leave_unjudged(_benchmark(), opinion, 0.3)[1] == 2
    assert leave_unjudged(_benchmark(), opinion, 0.7)[1] == 0


def test_an_impossible_score_is_refused(boxes):
    with pytest.raises(SettingsError, match="score 5"):
        leave_unjudged(_benchmark(), {"a": boxes(), "b": boxes()}, 5)


def test_every_picture_needs_an_opinion(boxes):
    with pytest.raises(DataError, match=r"no entry for picture b\.jpg"):
        leave_unjudged(_benchmark(), {"a": boxes()})
