from __future__ import annotations

import numpy as np
import pytest
import torch

from recorder_core.detect.anchors import AnchorSettings
from recorder_core.errors import SettingsError
from recorder_core.train.learning.loss import LossSettings
from recorder_core.train.learning.matching import MatchingSettings
from recorder_core.train.learning.two_stage_objective import (
    FasterRcnnObjective,
    SamplingSettings,
    _sample,
)
from recorder_core.train.samples.views import Sample

ANCHORS = AnchorSettings(((32,),), (16,), (1.0, 1.0))
FACE_BOX = np.array([[16, 16, 40, 40]], np.float32)
NOTHING = np.zeros((0, 4), np.float32)


class Network:
    """Says nothing of the anchors; proposes some boxes and is asked about them."""

    def __init__(self, proposals, logits=(0.0, 0.0)):
        self.proposals, self.logits, self.judged = proposals, logits, None

    def backbone(self, pictures):
        return [pictures]

    def score_anchors(self, levels):
        count = len(levels[0])
        return torch.zeros(count, 16), torch.zeros(count, 16, 4)

    def propose(self, margins, offsets, size_px):
        return [torch.tensor(self.proposals, dtype=torch.float32).reshape(-1, 4)] * len(margins)

    def judge(self, levels, proposals):
        self.judged = proposals
        count = sum(map(len, proposals))
        return torch.tensor([self.logits] * count), torch.zeros(count, 4)


def _losses(network, faces=FACE_BOX, ignored=NOTHING, **sampling):
    landmarks = np.full((len(faces), 5, 2), np.nan, np.float32)
    certainty = np.ones(len(faces), np.float32)
    sample = Sample(np.zeros((64, 64, 3), np.uint8), faces, ignored, landmarks, certainty)
    objective = FasterRcnnObjective(
        ANCHORS,
        LossSettings(box_weight=1.0),
        MatchingSettings(min_iou=0.4),
        SamplingSettings(**sampling),
    )
    arrays = {"numbers": np.array([7]), **objective.make_targets([sample], 64)}
    targets = {name: torch.from_numpy(value) for name, value in arrays.items()}
    losses = objective.losses(network, torch.zeros(1, 3, 64, 64), targets, None)
    assert tuple(losses) == objective.terms
    return {name: float(value) for name, value in losses.items()}


def test_faces_are_among_the_proposals():
    network = Network([[48, 48, 60, 60]])
    losses = _losses(network)
    assert [box.tolist() for box in network.judged[0]] == [[48, 48, 60, 60], [16, 16, 40, 40]]
    # undecided about both: the logarithm of 2 each
    assert losses["label_loss"] == pytest.approx(np.log(2))
    assert losses["box_loss"] == 0
    assert losses["proposal_label_loss"] == pytest.approx(np.log(2))


def test_a_proposal_learns_the_face_it_overlaps():
    network = Network([[16, 16, 40, 36]])
    losses = _losses(network)
    assert len(network.judged[0]) == 2
    # 4 px too short: centre off by 2 of 20, in tenths; log(24 / 20) in fifths; by smooth L1
    offsets = np.array([2 / 20 / 0.1, np.log(24 / 20) / 0.2])
    assert losses["box_loss"] == pytest.approx(float((offsets - 1 / 18).sum()) / 2, rel=1e-4)


def test_proposals_in_ignored_regions_are_not_judged():
    network = Network([[48, 48, 60, 60], [0, 48, 12, 60]])
    _losses(network, ignored=np.array([[44, 44, 64, 64]], np.float32))
    assert [box.tolist() for box in network.judged[0]] == [[0, 48, 12, 60], [16, 16, 40, 40]]


def test_a_picture_without_a_face_is_background():
    network = Network([[48, 48, 60, 60]], logits=(20.0, -20.0))
    losses = _losses(network, faces=NOTHING)
    assert losses["label_loss"] == pytest.approx(0, abs=1e-6)
    assert losses["box_loss"] == losses["proposal_box_loss"] == 0


def test_faces_fill_at_most_their_share_of_a_sample():
    labels = torch.tensor([1] * 50 + [0] * 100 + [-1] * 20, dtype=torch.int8)
    taken = _sample(labels, 40, 0.25, seed=3)
    assert int(taken[labels == 1].sum()) == 10
    assert int(taken[labels == 0].sum()) == 30
    assert not taken[labels == -1].any()
    assert torch.equal(taken, _sample(labels, 40, 0.25, seed=3))
    assert not torch.equal(taken, _sample(labels, 40, 0.25, seed=4))
    few = _sample(labels[:52], 40, 0.5, seed=3)
    assert int(few.sum()) == 22


def test_impossible_settings_are_refused():
    with pytest.raises(SettingsError):
        SamplingSettings(proposals=0)
    with pytest.raises(SettingsError):
        SamplingSettings(anchor_face_share=1.5)
