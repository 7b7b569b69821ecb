"""RoIAlign against values worked out by hand, and against OpenVINO's own."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from recorder_core.detect._openvino_library import openvino, ops
from recorder_core.detect.engines._openvino import openvino_core
from recorder_core.detect.networks.faster_rcnn._roi_align_torch import level_of_boxes, roi_align

#: on linear features interpolation is exact: value = 10 x row + column
RAMP = (10 * torch.arange(8.0)[:, None] + torch.arange(9.0)[None])[None]


def _boxes(*rows):
    return torch.tensor(rows, dtype=torch.float32)


def test_a_box_of_two_by_two_cells_by_hand():
    # input pixels 8..24 and 4..12 at stride 4: columns 2..6 and rows 1..3; cells of 2x1,
    # their middles at columns 3 and 5, rows 1.5 and 2.5
    pooled = roi_align(RAMP, _boxes([8, 4, 24, 12]), scale=0.25, output_size=2)
    assert pooled[0, 0].tolist() == [[18.0, 20.0], [28.0, 30.0]]


def test_aligned_shifts_by_half_a_feature_pixel():
    pooled = roi_align(RAMP, _boxes([8, 4, 24, 12]), scale=0.25, output_size=2, aligned=True)
    # half a column and half a row less: 0.5 + 5
    assert pooled[0, 0].tolist() == [[12.5, 14.5], [22.5, 24.5]]


def test_between_pixels_the_four_neighbours_count_by_their_distance():
    features = torch.tensor([[[1.0, 3.0], [5.0, 11.0]]])
    # one sample a cell, at column 0.25 and row 0.75
    pooled = roi_align(
        features, _boxes([-0.25, 0.25, 0.75, 1.25]), scale=1.0, output_size=1, samples=1
    )
    expected = 0.25 * (0.75 * 1 + 0.25 * 3) + 0.75 * (0.75 * 5 + 0.25 * 11)
    assert float(pooled) == pytest.approx(expected)


def test_a_cell_is_the_mean_of_its_samples():
    features = torch.tensor([[[0.0, 0.0, 12.0, 0.0]]])
    # samples at columns 0.75 and 2.25, rows 0.25 and 0.75 (clamped to the only row)
    pooled = roi_align(features, _boxes([0, 0, 3, 1]), scale=1.0, output_size=1)
    assert float(pooled) == pytest.approx((0.0 + 0.75 * 12) / 2)


def test_outside_the_features_is_zero_beyond_one_pixel_and_the_edge_before():
    features = torch.full((1, 4, 4), 8.0)
    far, near = (
        roi_align(features, _boxes(box), scale=1.0, output_size=1, samples=1)
        for box in ([-4, 1, -1, 2], [-1.5, 1, 0.5, 2])
    )
    assert float(far) == 0
    assert float(near) == 8


def test_a_box_smaller_than_a_feature_pixel_is_enlarged_unless_aligned():
    box = _boxes([16.0, 16.0, 16.4, 16.4])
    plain = roi_align(RAMP, box, scale=0.25, output_size=1, samples=1)
    aligned = roi_align(RAMP, box, scale=0.25, output_size=1, samples=1, aligned=True)
    assert float(plain) == pytest.approx(11 * 4.5)
    assert float(aligned) == pytest.approx(11 * (4.05 - 0.5))


@pytest.mark.parametrize(("aligned", "mode"), [(False, "asymmetric"), (True, "half_pixel_for_nn")])
def test_it_agrees_with_openvino(aligned, mode):
    rng = np.random.default_rng(6)
    features = rng.standard_normal((1, 5, 12, 17)).astype(np.float32)
    corners = rng.uniform(-10, 60, (300, 2))
    boxes = np.hstack([corners, corners + rng.uniform(0, 50, (300, 2))]).astype(np.float32)
    picture, rois = ops.parameter(features.shape, np.float32), ops.parameter([300, 4], np.float32)
    numbers = ops.constant(np.zeros(300, np.int64))
    node = ops.roi_align(picture, rois, numbers, 7, 7, 2, 0.25, "avg", mode)
    compiled = openvino_core().compile_model(
        openvino.Model([node], [picture, rois]), "CPU", {"INFERENCE_PRECISION_HINT": "f32"}
    )
    expected = compiled([features, boxes])[0]
    pooled = roi_align(
        torch.from_numpy(features[0]), torch.from_numpy(boxes), scale=0.25, aligned=aligned
    )
    assert pooled.numpy() == pytest.approx(expected, abs=1e-4)


def test_gradients_reach_the_features_once():
    features = torch.ones(2, 6, 6, requires_grad=True)
    roi_align(features, _boxes([1, 1, 4, 5], [0, 0, 5, 5]), scale=1.0).sum().backward()
    # each of 49 cells of two boxes is a mean of features
    assert float(features.grad.sum()) == pytest.approx(2 * 2 * 49, rel=1e-5)
    assert float(features.grad[0].std()) > 0


def test_no_box_gives_nothing():
    assert roi_align(RAMP, torch.zeros(0, 4), scale=1.0).shape == (0, 1, 7, 7)


def test_the_level_of_a_box_follows_its_size():
    edges = torch.tensor([1.0, 111.9, 112.0, 223.9, 224.0, 447.0, 448.0, 5000.0])
    boxes = torch.stack([0 * edges, 0 * edges, edges, edges], dim=1)
    assert level_of_boxes(boxes, 4).tolist() == [0, 0, 1, 1, 2, 2, 3, 3]
    assert level_of_boxes(_boxes([0, 0, 56, 224]), 4).tolist() == [1]
