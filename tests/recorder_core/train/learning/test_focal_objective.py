from __future__ import annotations

import math

import numpy as np
import pytest
import torch

from recorder_core.detect.anchors import AnchorSettings, make_anchors
from recorder_core.train.learning.focal_objective import RetinaNetObjective
from recorder_core.train.learning.loss import LossSettings
from recorder_core.train.learning.matching import FACE, IGNORED, MatchingSettings
from recorder_core.train.samples.views import Sample

ANCHORS = AnchorSettings(((32,),), (16,), (1.0, 1.0))
#: overlaps of 1 with the first of 16 anchors, a third with its neighbours
BOX = np.array([[-8, -8, 24, 24]], np.float32)


class Saying:
    def __init__(self, margins):
        self.margins = margins

    def predict(self, pictures):
        return torch.ones(len(pictures), 16, 4), self.margins.expand(len(pictures), 16)


def _targets(objective, faces):
    landmarks = np.full((len(faces), 5, 2), np.nan, np.float32)
    nothing, certainty = np.zeros((0, 4), np.float32), np.ones(len(faces), np.float32)
    sample = Sample(np.zeros((64, 64, 3), np.uint8), faces, nothing, landmarks, certainty)
    arrays = objective.make_targets([sample], 64)
    return {name: torch.from_numpy(value) for name, value in arrays.items()}


def _objective(**matching):
    loss = LossSettings(box_weight=1.0)
    return RetinaNetObjective(ANCHORS, loss, MatchingSettings(min_iou=0.5, **matching))


def test_losses_by_hand():
    objective = _objective()
    targets = _targets(objective, BOX)
    assert len(make_anchors(64, 64, ANCHORS)) == 16
    assert (targets["labels"] == FACE).sum() == 1
    losses = objective.losses(Saying(torch.zeros(16)), torch.zeros(1, 3, 64, 64), targets, None)
    one = 0.5**2 * math.log(2)
    assert float(losses["label_loss"]) == pytest.approx(0.25 * one + 15 * 0.75 * one)
    # wanted are zeros, said are ones
    assert float(losses["box_loss"]) == pytest.approx(4)


def test_anchors_between_face_and_background_do_not_count():
    objective = _objective(max_background_iou=0.3)
    targets = _targets(objective, BOX)
    assert (targets["labels"] == IGNORED).sum() == 2
    losses = objective.losses(Saying(torch.zeros(16)), torch.zeros(1, 3, 64, 64), targets, None)
    one = 0.5**2 * math.log(2)
    assert float(losses["label_loss"]) == pytest.approx(0.25 * one + 13 * 0.75 * one)


def test_a_picture_without_a_face_is_all_background():
    objective = _objective()
    targets = _targets(objective, BOX[:0])
    losses = objective.losses(
        Saying(torch.full((16,), -30.0)), torch.zeros(1, 3, 64, 64), targets, None
    )
    assert [float(v) for v in losses.values()] == pytest.approx([0, 0])
