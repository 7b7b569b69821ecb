from __future__ import annotations

import numpy as np
import pytest

from recorder_core.detect.drawn_faces import DRAWN_FACES_XYXY_PX, draw_faces
from recorder_core.detect.weights import load_weights
from recorder_core.train.dataset import list_pictures, read_coco, read_picture_bgr
from recorder_core.train.evaluate import (
    EvaluationSettings,
    detect_in_faces,
    evaluate_faces,
    make_detect,
    measure_false_boxes,
)
from recorder_core.train.metrics import box_overlaps

SETTINGS = EvaluationSettings(long_side_px=320)


def _perfect(made_set, score=0.45):
    """Return a detector that knows the labels, found by the picture's content."""
    known = {}
    for labelled in read_coco(made_set):
        known[read_picture_bgr(labelled.path).tobytes()] = labelled.boxes_xyxy_px

    def detect(picture):
        boxes = known[picture.tobytes()]
        return boxes, np.full(len(boxes), score, np.float32)

    return detect


def test_faces_are_found_in_the_pictures_own_pixels():
    detect = make_detect(load_weights(), EvaluationSettings(long_side_px=768))
    boxes, scores = detect(draw_faces())
    best = boxes[scores > 0.5]
    overlaps = box_overlaps(best, DRAWN_FACES_XYXY_PX)
    assert overlaps.max(axis=0).min() > 0.5
    assert (np.diff(scores) <= 0).all()


def test_a_perfect_detector_is_reported_as_such(made_set):
    detected = detect_in_faces(_perfect(made_set), read_coco(made_set), SETTINGS)
    report = evaluate_faces(detected, SETTINGS)
    assert report["average_precision"] == {"a": 1.0, "b": 1.0}
    assert report["pictures"] == {"a": 4, "b": 4}
    assert report["faces"] == {"a": 4, "b": 8}
    at = {row["min_score"]: row for row in report["by_score"]}
    assert at[0.4]["b"]["recall"] == 1.0
    assert at[0.4]["b"]["recall_by_mask"] == {"with_mask": 1.0, "without_mask": 1.0}
    assert at[0.4]["b"]["false_boxes_per_picture"] == 0
    assert at[0.5]["b"]["recall"] == 0


def test_face_heights_are_those_of_the_resized_picture(made_set):
    small = EvaluationSettings(long_side_px=80)
    detected = detect_in_faces(_perfect(made_set), read_coco(made_set), small)
    report = evaluate_faces(detected, small)
    heights = report["by_score"][0]["a"]["recall_by_height_px"]
    assert heights["64-10000"] is None
    assert heights["16-32"] == 1.0


def test_false_boxes_are_counted_by_score(made_set):
    def detect(picture):
        return np.zeros((3, 4), np.float32), np.array([0.9, 0.45, 0.03], np.float32)

    counts = measure_false_boxes(detect, list_pictures(made_set.with_suffix("")))
    assert counts["0.02"] == 3
    assert counts["0.1"] == 2
    assert counts["0.5"] == 1


def test_wrong_boxes_are_false(made_set):
    perfect = _perfect(made_set)

    def detect(picture):
        boxes, scores = perfect(picture)
        return np.concatenate([boxes, boxes + 500]), np.concatenate([scores, scores])

    detected = detect_in_faces(detect, read_coco(made_set), SETTINGS)
    row = evaluate_faces(detected, SETTINGS)["by_score"][0]
    assert row["a"]["false_boxes_per_picture"] == pytest.approx(1.0)
    assert row["b"]["false_boxes_per_picture"] == pytest.approx(2.0)
