from __future__ import annotations

import numpy as np
import pytest

from recorder_core.detect.anchors import PUBLISHED_ANCHORS, decode_boxes, make_anchors
from recorder_core.train.learning.matching import (
    FACE,
    IGNORED,
    NO_FACE,
    MatchingSettings,
    match_anchors,
)
from recorder_core.train.samples.views import Sample

ANCHORS = make_anchors(128, 128, PUBLISHED_ANCHORS)
NOTHING = np.zeros((0, 4), np.float32)


def _sure(boxes):
    return np.ones(len(boxes), np.float32)


def _match(boxes, ignored=NOTHING, **settings):
    boxes = np.array(boxes, np.float32).reshape(-1, 4)
    ignored = np.array(ignored, np.float32).reshape(-1, 4)
    points = np.full((len(boxes), 5, 2), np.nan, np.float32)
    sample = Sample(np.zeros((128, 128, 3), np.uint8), boxes, ignored, points, _sure(boxes))
    return match_anchors(ANCHORS, sample, PUBLISHED_ANCHORS.variances, MatchingSettings(**settings))


def test_targets_decode_to_the_face():
    targets = _match([[40, 40, 70, 76]])
    chosen = targets.labels == FACE
    assert chosen.sum() >= 4
    boxes = decode_boxes(targets.offsets[chosen], ANCHORS[chosen])
    assert boxes == pytest.approx(np.tile([40, 40, 70, 76], (chosen.sum(), 1)), abs=0.01)
    assert not targets.offsets[~chosen].any()


def test_each_anchor_takes_the_face_it_overlaps_most():
    targets = _match([[0, 0, 32, 32], [64, 64, 96, 96]])
    boxes = decode_boxes(targets.offsets, ANCHORS)[targets.labels == FACE]
    assert {round(float(b)) for b in boxes[:, 0]} == {0, 64}


def test_a_face_that_fits_no_anchor_takes_its_best():
    # 10x10: overlap with the 16-px anchor at most 0.39
    assert (_match([[99, 99, 109, 109]]).labels == FACE).sum() >= 1
    assert (_match([[99, 99, 108, 108]], min_iou=0.9).labels == FACE).sum() == 1
    assert (_match([[99, 99, 102, 102]]).labels == FACE).sum() == 0


def test_ignored_regions_are_not_judged_unless_they_show_a_face():
    targets = _match([[40, 40, 72, 72]], ignored=[[32, 32, 80, 80]])
    assert (targets.labels == FACE).any()
    assert (targets.labels == IGNORED).any()
    alone = _match([], ignored=[[32, 32, 80, 80]])
    centres = ANCHORS[alone.labels == IGNORED, :2]
    assert ((centres > 8) & (centres < 104)).all()


def test_each_anchor_learns_how_certain_its_face_is():
    boxes = np.array([[0, 0, 32, 32], [64, 64, 96, 96]], np.float32)
    points = np.full((2, 5, 2), np.nan, np.float32)
    certainty = np.array([1, 0.75], np.float32)
    sample = Sample(np.zeros((128, 128, 3), np.uint8), boxes, NOTHING, points, certainty)
    targets = match_anchors(ANCHORS, sample, (0.1, 0.2), MatchingSettings())
    left = decode_boxes(targets.offsets, ANCHORS)[:, 0] < 32
    is_face = targets.labels == FACE
    assert set(targets.certainty[is_face & left]) == {1}
    assert set(targets.certainty[is_face & ~left]) == {0.75}
    assert not targets.certainty[~is_face].any()


def test_nothing_is_nothing():
    assert (_match([]).labels == NO_FACE).all()


def test_landmarks_are_relative_to_their_anchor():
    points = np.array([[[48, 52], [62, 52], [55, 58], [50, 66], [60, 66]]], np.float32)
    box = np.array([[40, 40, 70, 76]], np.float32)
    sample = Sample(np.zeros((128, 128, 3), np.uint8), box, NOTHING, points, _sure(box))
    targets = match_anchors(ANCHORS, sample, (0.1, 0.2), MatchingSettings())
    chosen = targets.labels == FACE
    offsets = targets.landmarks[chosen].reshape(-1, 5, 2)
    found = ANCHORS[chosen, None, :2] + offsets * 0.1 * ANCHORS[chosen, None, 2:]
    assert found == pytest.approx(np.tile(points, (chosen.sum(), 1, 1)), abs=1e-3)
    assert np.isnan(targets.landmarks[~chosen]).all()
