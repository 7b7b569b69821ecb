from __future__ import annotations

import pytest

from recorder_core.datasets import Dataset, LabelledFace, LabelledPicture
from recorder_core.errors import DataError, SettingsError
from recorder_core.evaluation import Benchmark, EvaluationSettings, leave_unjudged

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
