from __future__ import annotations

import numpy as np
import pytest
import torch

from recorder_core.detect.anchors import encode_boxes, make_anchors
from recorder_core.detect.networks.compact import COMPACT_ANCHORS
from recorder_core.train.learning.assignment import AssignmentSettings
from recorder_core.train.learning.compact_objective import CompactObjective
from recorder_core.train.learning.loss import LossSettings
from recorder_core.train.learning.objective import Prediction
from recorder_core.train.samples.views import Sample

PLACES = make_anchors(64, 64, COMPACT_ANCHORS)
FACE = np.array([[16, 16, 40, 44]], np.float32)
NOTHING = np.zeros((0, 4), np.float32)


class Saying:
    """A network that always says the same."""

    def __init__(self, offsets, margins):
        self.said = torch.as_tensor(offsets)[None], torch.as_tensor(margins)[None]

    def predict(self, pictures):
        return tuple(value.expand(len(pictures), *value.shape[1:]) for value in self.said)


def _sample(faces=FACE, ignored=NOTHING, trust=True, sure=1.0):
    certainty = np.full(len(faces), sure, np.float32)
    landmarks = np.full((len(faces), 5, 2), np.nan, np.float32)
    return Sample(np.zeros((64, 64, 3), np.uint8), faces, ignored, landmarks, certainty, trust)


def _losses(network, samples, teacher=None, **loss):
    objective = CompactObjective(COMPACT_ANCHORS, LossSettings(**loss), AssignmentSettings())
    targets = {
        name: torch.from_numpy(value) for name, value in objective.make_targets(samples, 64).items()
    }
    losses = objective.losses(network, torch.zeros(len(samples), 3, 64, 64), targets, teacher)
    assert tuple(losses) == objective.terms
    return {name: float(value) for name, value in losses.items()}


def _right_boxes():
    return encode_boxes(np.repeat(FACE, len(PLACES), axis=0), PLACES, COMPACT_ANCHORS.variances)


def _margins(sure):
    """Sure of a face at some places, sure of none elsewhere."""
    margins = np.full(len(PLACES), -20, np.float32)
    margins[sure] = 20
    return margins


def _nearest():
    """The ten places that learn the face when every box fits."""
    objective = CompactObjective(COMPACT_ANCHORS, LossSettings(), AssignmentSettings())
    targets = objective.make_targets([_sample()], 64)
    tensors = {name: torch.from_numpy(value) for name, value in targets.items()}
    boxes = torch.from_numpy(FACE).expand(1, len(PLACES), 4)
    chosen = objective._assign(boxes, torch.zeros(1, len(PLACES)), tensors)
    return (chosen[0] >= 0).numpy()


def test_right_and_sure_costs_next_to_nothing():
    right = Saying(_right_boxes(), _margins(_nearest()))
    losses = _losses(right, [_sample()])
    assert losses == pytest.approx({"label_loss": 0, "box_loss": 0, "distill_loss": 0}, abs=1e-3)


def test_a_face_that_is_not_certain_is_learnt_with_its_certainty():
    nearest = _nearest()
    halves = np.where(nearest, 0, -20).astype(np.float32)
    doubtful = _losses(Saying(_right_boxes(), halves), [_sample(sure=0.5)])
    certain = _losses(Saying(_right_boxes(), halves), [_sample()])
    assert doubtful["label_loss"] == pytest.approx(0, abs=1e-3)
    assert certain["label_loss"] > 0.1
    shifted = Saying(_right_boxes() + np.array([0.5, 0, 0, 0], np.float32), _margins(nearest))
    half, whole = (_losses(shifted, [_sample(sure=s)])["box_loss"] for s in (0.5, 1.0))
    assert half == pytest.approx(whole / 2)


def test_wrong_boxes_and_wrong_scores_cost():
    shifted = _right_boxes() + np.array([0.5, 0, 0, 0], np.float32)
    assert _losses(Saying(shifted, _margins(_nearest())), [_sample()])["box_loss"] > 0.1
    blind = Saying(_right_boxes(), _margins(np.zeros(len(PLACES), bool)))
    assert _losses(blind, [_sample()])["label_loss"] > 5


def test_a_picture_without_a_face_teaches_too():
    sure = Saying(_right_boxes(), _margins(np.arange(len(PLACES)) < 3))
    losses = _losses(sure, [_sample(NOTHING)])
    assert losses["label_loss"] == pytest.approx(3 * 20, rel=0.01)
    assert losses["box_loss"] == 0


def test_ignored_regions_are_not_judged():
    inside = ((PLACES[:, :2] > 0) & (PLACES[:, :2] < 32)).all(axis=1)
    sure = Saying(_right_boxes(), _margins(inside))
    region = np.array([[0, 0, 32, 32]], np.float32)
    assert _losses(sure, [_sample(NOTHING)])["label_loss"] > 50
    assert _losses(sure, [_sample(NOTHING, region)])["label_loss"] == pytest.approx(0, abs=1e-3)


def test_the_teacher_is_followed_where_it_is_trusted():
    offsets, blind = _right_boxes(), _margins(np.zeros(len(PLACES), bool))
    suspects = _margins(np.arange(len(PLACES)) < 4)
    teacher = Prediction(torch.from_numpy(offsets)[None], torch.from_numpy(suspects)[None])
    network = Saying(offsets, blind)
    trusted = _losses(network, [_sample(NOTHING)], teacher, distill_weight=1.0)
    assert trusted["distill_loss"] == pytest.approx(20, rel=0.01)
    doubted = _losses(network, [_sample(NOTHING, trust=False)], teacher, distill_weight=1.0)
    assert doubted["distill_loss"] == 0
    # where a trusted teacher suspects a face, a network that sees one is not told off
    agreeing = Saying(offsets, suspects)
    assert _losses(agreeing, [_sample(NOTHING)], teacher)["label_loss"] == pytest.approx(
        0, abs=1e-3
    )
    assert _losses(agreeing, [_sample(NOTHING, trust=False)], teacher)["label_loss"] > 50
