from __future__ import annotations

import math

import pytest
import torch

from recorder_core.detect.networks.layers._boxes_torch import (
    decode_tensor,
    encode_tensor,
    pairwise_overlaps,
)
from recorder_core.train.learning.box_losses import efficient_iou, focal_loss, quality_loss


def test_efficient_iou_by_hand():
    face = torch.tensor([[0.0, 0.0, 4.0, 4.0]])
    box = torch.tensor([[2.0, 0.0, 8.0, 4.0]])
    # shared 8 of 16 + 24 - 8; around both 8x4; centres 3 apart; 2 wider, as high
    loss, overlap = efficient_iou(box, face)
    assert float(overlap) == pytest.approx(8 / 32)
    assert float(loss) == pytest.approx(1 - 8 / 32 + 9 / (64 + 16) + 4 / 64)


def test_the_same_box_costs_nothing_and_a_far_one_is_drawn_near():
    face = torch.tensor([[10.0, 10.0, 20.0, 30.0]])
    assert float(efficient_iou(face, face)[0]) == pytest.approx(0)
    far = torch.tensor([[40.0, 10.0, 50.0, 30.0]], requires_grad=True)
    loss, overlap = efficient_iou(far, face)
    loss.sum().backward()
    assert float(overlap.detach()) == 0
    # going left makes it smaller
    assert far.grad.isfinite().all()
    assert far.grad[0, [0, 2]].sum() > 0


def test_quality_loss_by_hand():
    margin = torch.tensor([0.0])
    # probability 0.5, wanted 0.8: cross entropy log 2, times 0.3 squared
    assert float(quality_loss(margin, torch.tensor([0.8]))) == pytest.approx(math.log(2) * 0.09)
    sure = torch.tensor([math.log(4.0)])
    assert float(quality_loss(sure, torch.tensor([0.8]))) == pytest.approx(0, abs=1e-6)


def test_focal_loss_by_hand():
    margins, target = torch.tensor([math.log(3.0), 0.0]), torch.tensor([1.0, 0.0])
    losses = focal_loss(margins, target, 0.25, 2.0)
    # probabilities 3/4 and 1/2
    assert losses.tolist() == pytest.approx(
        [0.25 * 0.25**2 * math.log(4 / 3), 0.75 * 0.5**2 * math.log(2)]
    )
    plain = focal_loss(margins, target, 0.5, 0.0)
    assert plain.tolist() == pytest.approx([0.5 * math.log(4 / 3), 0.5 * math.log(2)])


def test_decoding_undoes_encoding():
    anchors = torch.tensor([[20.0, 30.0, 16.0, 8.0]])
    boxes = torch.tensor([[11.0, 27.0, 30.0, 41.0]])
    offsets = encode_tensor(boxes, anchors, (0.1, 0.2))
    assert offsets[0, 0] == pytest.approx(0.5 / (16 * 0.1))
    assert decode_tensor(offsets, anchors, (0.1, 0.2)) == pytest.approx(boxes)


def test_overlaps_of_all_pairs():
    boxes = torch.tensor([[0.0, 0, 2, 2], [1, 1, 3, 3], [5, 5, 5, 5]])
    expected = [[1, 1 / 7, 0], [1 / 7, 1, 0], [0, 0, 0]]
    assert pairwise_overlaps(boxes, boxes).numpy() == pytest.approx(
        torch.tensor(expected).numpy(), abs=1e-6
    )
