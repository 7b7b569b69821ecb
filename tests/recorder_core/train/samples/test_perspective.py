from __future__ import annotations

import cv2
import numpy as np
import pytest

from recorder_core.train.samples.perspective import move_boxes, move_points, show_from_aside
from recorder_core.train.samples.views import Sample, ViewSettings

SIZE = 200


def _settings(**changes):
    return ViewSettings(size_px=SIZE, **changes)


def _sample(*boxes):
    """Filled ellipses on black, and their boxes."""
    picture = np.zeros((SIZE, SIZE, 3), np.uint8)
    for x0, y0, x1, y1 in boxes:
        centre, axes = ((x0 + x1) // 2, (y0 + y1) // 2), ((x1 - x0) // 2, (y1 - y0) // 2)
        cv2.ellipse(picture, centre, axes, 0, 0, 360, (255, 255, 255), -1)
    found = np.array(boxes, np.float32)
    middles = (found[:, None, :2] + found[:, None, 2:]) / 2
    points = np.repeat(middles, 5, axis=1).astype(np.float32)
    certainty = np.linspace(0.5, 1, len(boxes), dtype=np.float32)
    return Sample(picture, found, found[:1], points, certainty)


@pytest.mark.parametrize("seed", range(6))
def test_boxes_and_landmarks_follow_the_pixels(seed):
    sample = _sample((80, 70, 120, 130))
    shown = show_from_aside(sample, np.random.default_rng(seed), _settings(max_corner_shift=0.2))
    rows, columns = np.nonzero(shown.picture_bgr[..., 0] > 127)
    found = [columns.min(), rows.min(), columns.max() + 1, rows.max() + 1]
    assert found == pytest.approx(shown.boxes_xyxy_px[0], abs=4)
    assert shown.landmarks_px[0, 0] == pytest.approx([columns.mean(), rows.mean()], abs=2)
    assert shown.ignored_xyxy_px[0] == pytest.approx(shown.boxes_xyxy_px[0])
    assert shown.trust_teacher


def test_the_whole_sample_is_filled():
    white = _sample((80, 70, 120, 130))
    white.picture_bgr[:] = 255
    for seed in range(10):
        shown = show_from_aside(white, np.random.default_rng(seed), _settings())
        assert (shown.picture_bgr[2:-2, 2:-2] == 255).all()


def test_what_leaves_the_frame_is_not_judged():
    sample = _sample((80, 80, 120, 120), (0, 0, 24, 24), (176, 176, 200, 200))
    settings = _settings(max_corner_shift=0.3, min_visible_share=0.9)
    for seed in range(10):
        shown = show_from_aside(sample, np.random.default_rng(seed), settings)
        assert len(shown.boxes_xyxy_px) == len(shown.landmarks_px) == len(shown.certainty)
        assert shown.certainty[0] == 0.5
        assert ((shown.boxes_xyxy_px >= 0) & (shown.boxes_xyxy_px <= SIZE)).all()
    assert len(shown.boxes_xyxy_px) < 3


def test_a_shift_moves_everything_alike():
    way = np.array([[1, 0, 10], [0, 1, -5], [0, 0, 1]], np.float64)
    boxes = np.array([[20, 30, 40, 60]], np.float32)
    assert move_boxes(boxes, way).tolist() == [[30, 25, 50, 55]]
    assert move_points(boxes[:, :2], way).tolist() == [[30, 25]]
