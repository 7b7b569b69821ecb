from __future__ import annotations

from dataclasses import replace

import pytest
import torch

from recorder_core.errors import ModelMismatch, SettingsError
from recorder_core.train.learning.loss import (
    AnchorTargets,
    LossSettings,
    ask_beside_labels,
    detection_loss,
    distillation_loss,
    landmark_loss,
)
from recorder_core.train.learning.matching import FACE, IGNORED, NO_FACE
from recorder_core.train.learning.objective import Prediction


def _prediction(margins, offsets=0.0):
    margins = torch.tensor(margins)
    return Prediction(torch.full((*margins.shape, 4), offsets), margins)


def _labels(*rows):
    return torch.tensor(rows, dtype=torch.int8)


def _targets(labels, offsets=0.0, certainty=1.0):
    labels = _labels(labels)
    return AnchorTargets(
        labels,
        torch.full((*labels.shape, 4), offsets),
        (labels == FACE).float() * certainty,
        (0.1, 0.2),
    )


def test_sure_and_right_costs_next_to_nothing():
    predicted = _prediction([[20.0, -20.0, -20.0]])
    label, box = detection_loss(predicted, _targets([FACE, NO_FACE, NO_FACE]), LossSettings())
    assert float(label) < 1e-6
    assert float(box) == 0


def test_only_the_hardest_negatives_count():
    margins = [[0.0, 5.0, *[-1.0] * 10]]
    targets = _targets([FACE, *[NO_FACE] * 11])
    settings = LossSettings(negatives_per_face=1, min_negatives=1)
    label, _ = detection_loss(_prediction(margins), targets, settings)
    expected = torch.log(torch.tensor(2.0)) + torch.nn.functional.softplus(torch.tensor(5.0))
    assert float(label) == pytest.approx(float(expected), rel=1e-5)


def test_ignored_anchors_cost_nothing():
    predicted = _prediction([[20.0, 9.0]])
    label, _ = detection_loss(predicted, _targets([FACE, IGNORED]), LossSettings())
    assert float(label) < 1e-6


def test_a_picture_without_a_face_teaches_too():
    predicted = _prediction([[3.0] * 4])
    settings = LossSettings(min_negatives=2)
    label, box = detection_loss(predicted, _targets([NO_FACE] * 4), settings)
    assert float(label) == pytest.approx(2 * 3.0486, rel=1e-3)
    assert float(box) == 0
    dearer = replace(settings, empty_weight=3.0)
    label, _ = detection_loss(predicted, _targets([NO_FACE] * 4), dearer)
    assert float(label) == pytest.approx(3 * 2 * 3.0486, rel=1e-3)


def test_negatives_beside_faces_cost_the_same_whatever_empty_pictures_cost():
    predicted, targets = _prediction([[2.0, 3.0]]), _targets([FACE, NO_FACE])
    plain, dear = (
        detection_loss(predicted, targets, LossSettings(empty_weight=weight))[0]
        for weight in (1.0, 5.0)
    )
    assert float(plain) == float(dear)


def test_a_face_that_is_not_certain_is_learnt_with_its_certainty():
    targets = _targets([FACE, NO_FACE], offsets=1.0, certainty=0.75)
    margin = torch.log(torch.tensor(3.0)).item()
    best, _ = detection_loss(_prediction([[margin, -20.0]]), targets, LossSettings())
    for other in (margin - 0.5, margin + 0.5):
        label, _ = detection_loss(_prediction([[other, -20.0]]), targets, LossSettings())
        assert float(label) > float(best)
    said = _prediction([[margin, -20.0]])
    _, box = detection_loss(said, targets, LossSettings(box_weight=1.0))
    assert float(box) == pytest.approx(0.75 * 4 * 0.5)


def test_box_loss_is_smooth_l1_over_the_faces():
    predicted = _prediction([[0.0, 0.0]], offsets=3.0)
    _, box = detection_loss(predicted, _targets([FACE, NO_FACE]), LossSettings(box_weight=1.0))
    assert float(box) == pytest.approx(4 * 2.5)


def test_box_loss_by_overlap_does_not_depend_on_the_anchor():
    settings = LossSettings(box_weight=1.0, box_loss="eiou")
    same = _prediction([[0.0]], offsets=1.0)
    _, box = detection_loss(same, _targets([FACE], offsets=1.0), settings)
    assert float(box) == pytest.approx(0, abs=1e-6)
    # the anchor's own box against one twice as wide and high: an overlap of a quarter, and
    # half of the outer box's width and of its height apart, squared
    double = float(torch.log(torch.tensor(2.0))) / 0.2
    offsets = torch.tensor([[[0.0, 0.0, double, double]]])
    wide = Prediction(offsets, torch.zeros(1, 1))
    _, box = detection_loss(wide, _targets([FACE]), settings)
    assert float(box) == pytest.approx(0.75 + 0.25 + 0.25, rel=1e-5)


def test_agreeing_with_the_teacher_costs_nothing():
    same = _prediction([[1.0, -2.0, 4.0]], offsets=0.3)
    trusted = torch.ones(1, 3, dtype=torch.bool)
    assert float(distillation_loss(same, same, trusted, LossSettings())) == pytest.approx(0)


def test_the_teacher_counts_only_where_it_is_trusted():
    student, teacher = _prediction([[3.0, -3.0]]), _prediction([[-3.0, 3.0]])
    settings = LossSettings()
    nowhere = torch.zeros(1, 2, dtype=torch.bool)
    first = torch.tensor([[True, False]])
    assert float(distillation_loss(student, teacher, nowhere, settings)) == 0
    assert float(distillation_loss(student, teacher, first, settings)) > 1


def test_the_teachers_boxes_count_where_it_is_sure():
    student, teacher = _prediction([[4.0, -4.0]]), _prediction([[4.0, -4.0]], offsets=2.0)
    trusted = torch.ones(1, 2, dtype=torch.bool)
    settings = replace(LossSettings(), distill_box_weight=1.0)
    assert float(distillation_loss(student, teacher, trusted, settings)) == pytest.approx(4 * 1.5)


def test_the_teacher_counts_where_it_suspects_a_face_that_nobody_labelled():
    teacher = _prediction([[3.0, -3.0, 3.0, 3.0, -3.0]] * 2)
    trusted = torch.tensor([[True], [False]])
    labels = _labels([NO_FACE, NO_FACE, FACE, IGNORED, IGNORED]).repeat(2, 1)
    judged, counts = ask_beside_labels(labels, teacher, trusted, LossSettings())
    assert judged.tolist() == [[IGNORED, NO_FACE, FACE, IGNORED, IGNORED], labels[1].tolist()]
    # where nobody judges, what the teacher does not see may still be a face
    assert counts.tolist() == [[True, True, False, True, False], [False] * 5]


def test_landmarks_count_where_they_are_known():
    predicted = replace(_prediction([[0.0, 0.0, 0.0]]), landmarks=torch.full((1, 3, 10), 2.0))
    targets = torch.full((1, 3, 10), float("nan"))
    settings = LossSettings(landmark_weight=1.0)
    assert float(landmark_loss(predicted, targets, settings)) == 0
    targets[0, 1] = 0.0
    targets[0, 2, :9] = 0.0
    # ten differences of 2: 1.5 each; a face with a landmark missing does not count
    assert float(landmark_loss(predicted, targets, settings)) == pytest.approx(15)
    with pytest.raises(ModelMismatch, match="no landmarks"):
        landmark_loss(_prediction([[0.0]]), targets[:, :1], settings)


@pytest.mark.parametrize("values", [{"box_weight": -1}, {"focal_alpha": 1.0}, {"focal_gamma": -2}])
def test_settings_out_of_range_are_refused(values):
    with pytest.raises(SettingsError):
        LossSettings(**values)
