from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings, strategies as st

from recorder_core.detect.nms import suppress_overlaps, suppress_overlaps_reference
from recorder_core.errors import DataError, SettingsError


@settings(max_examples=200)
@given(
    seed=st.integers(0, 2**31),
    count=st.integers(0, 120),
    max_iou=st.sampled_from([0.0, 0.3, 0.4, 0.5, 1.0]),
    whole_pixels=st.booleans(),
)
def test_kernel_keeps_what_the_reference_keeps(
    seed: int, count: int, max_iou: float, whole_pixels: bool
) -> None:
    rng = np.random.default_rng(seed)
    top_left = rng.uniform(0, 60, (count, 2))
    boxes = np.hstack([top_left, top_left + rng.uniform(0, 40, (count, 2))]).astype(np.float32)
    if whole_pixels:
        # equal boxes, touching edges, boxes without area
        boxes = np.rint(boxes)
    scores = rng.integers(0, 20, count).astype(np.float32) / 20
    got = suppress_overlaps(boxes, scores, max_iou)
    np.testing.assert_array_equal(got, suppress_overlaps_reference(boxes, scores, max_iou))


def test_best_box_of_each_group_is_kept_in_order_of_score() -> None:
    boxes = np.array(
        [[0, 0, 10, 10], [50, 50, 60, 60], [1, 0, 11, 10], [50, 50, 61, 60]], np.float32
    )
    scores = np.array([0.5, 0.9, 0.8, 0.3], np.float32)
    assert suppress_overlaps(boxes, scores, 0.4).tolist() == [1, 2]


def test_the_limit_itself_is_kept() -> None:
    # intersection 50, union 100
    boxes = np.array([[0, 0, 10, 10], [0, 0, 10, 5]], np.float32)
    scores = np.array([0.9, 0.8], np.float32)
    assert suppress_overlaps(boxes, scores, 0.5).tolist() == [0, 1]
    assert suppress_overlaps(boxes, scores, 0.49).tolist() == [0]


def test_of_equal_scores_the_first_wins() -> None:
    boxes = np.array([[0, 0, 10, 10], [0, 0, 10, 10]], np.float32)
    assert suppress_overlaps(boxes, np.array([0.5, 0.5], np.float32), 0.4).tolist() == [0]


def test_no_boxes() -> None:
    kept = suppress_overlaps(np.zeros((0, 4), np.float32), np.zeros(0, np.float32), 0.4)
    assert kept.tolist() == []


def test_wrong_arguments_are_refused() -> None:
    boxes, scores = np.zeros((2, 4), np.float32), np.zeros(2, np.float32)
    with pytest.raises(SettingsError, match="max_iou"):
        suppress_overlaps(boxes, scores, 1.5)
    with pytest.raises(DataError, match="do not fit"):
        suppress_overlaps(boxes, scores[:1], 0.4)
