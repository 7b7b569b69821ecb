from __future__ import annotations

import pytest

from recorder_core.datasets import LabelledFace
from recorder_core.evaluation.coco import coco_average_precision, frame_average_precision

LEFT, RIGHT = (0, 0, 20, 20), (100, 0, 120, 20)


def test_precision_is_read_at_101_recalls(judged):
    # right, wrong, right: precision 1 at the 51 recalls up to 0.5, 2/3 at the other 50
    picture = judged([LEFT, RIGHT], [(*LEFT, 0.9), (50, 50, 70, 70, 0.8), (*RIGHT, 0.7)])
    found = coco_average_precision([picture])
    assert found.iou_50 == found.iou_50_95 == pytest.approx((51 + 50 * 2 / 3) / 101)


def test_a_box_counts_at_the_overlaps_that_it_reaches(judged):
    # 15.4 of 20 rows: overlap 0.77, enough for 0.5 to 0.75
    found = coco_average_precision([judged([LEFT], [(0, 0, 20, 15.4, 0.9)])])
    assert (found.iou_50, found.iou_75) == (1.0, 1.0)
    assert found.iou_50_95 == pytest.approx(0.6)


def test_a_second_box_may_take_the_other_face(judged):
    # unlike PASCAL VOC: both boxes overlap the left face most
    faces = [(0, 0, 20, 20), (4, 0, 24, 20)]
    picture = judged(faces, [(0, 0, 20, 20, 0.9), (1, 0, 21, 20, 0.8)])
    assert coco_average_precision([picture]).iou_50 == 1.0
    assert picture.match(0.5).is_true.sum() == 1


def test_false_boxes_in_pictures_without_faces_count(judged):
    right, wrong = judged([LEFT], [(*LEFT, 0.8)]), judged([], [(*LEFT, 0.9)])
    assert coco_average_precision([right]).iou_50 == 1.0
    assert coco_average_precision([right, wrong]).iou_50 == pytest.approx(0.5)


def test_what_is_ignored_is_a_crowd(judged):
    small = (200, 0, 206, 6)
    crowd = LabelledFace((300.0, 0.0, 400.0, 100.0), ignored=True)
    rows = [(*LEFT, 0.5), (*small, 0.9), (310, 10, 320, 20, 0.95), (350, 10, 360, 20, 0.97)]
    picture = judged([LEFT, small, crowd], rows)
    assert picture.face_counts.tolist() == [True, False]
    assert coco_average_precision([picture]).iou_50_95 == 1.0


def test_a_hundred_boxes_of_a_picture_are_looked_at(judged):
    wrong = [(300, 2 * n, 320, 2 * n + 20, 0.9 - n / 1000) for n in range(100)]
    assert coco_average_precision([judged([LEFT], [*wrong[:99], (*LEFT, 0.5)])]).iou_50 > 0
    assert coco_average_precision([judged([LEFT], [*wrong, (*LEFT, 0.5)])]).iou_50 == 0


def test_frames_are_measured_alone_and_then_averaged(judged):
    # alone: 1, 0.5 (the wrong box of the frame is better), none
    frames = [
        judged([LEFT], [(*LEFT, 0.2)]),
        judged([LEFT], [(*RIGHT, 0.9), (*LEFT, 0.8)]),
        judged([LEFT], []),
        judged([], [(*RIGHT, 0.99)]),
    ]
    found = frame_average_precision(frames)
    assert found.frames == 3
    assert found.iou_50 == found.iou_50_95 == pytest.approx(0.5)
    # together the scores of all frames compete
    assert coco_average_precision(frames).iou_50 < 0.4


def test_more_frames_than_are_measured_at_a_time(judged):
    frames = [judged([LEFT], [(*LEFT, 0.9)] if n % 2 else []) for n in range(70)]
    found = frame_average_precision(frames)
    assert (found.frames, found.iou_50) == (70, pytest.approx(0.5))


@pytest.mark.parametrize("count", [0, 2])
def test_without_faces_there_is_no_precision(judged, count):
    pictures = [judged([], [(*LEFT, 0.9)])] * count
    assert coco_average_precision(pictures).iou_50_95 is None
    assert frame_average_precision(pictures).frames == 0
    assert frame_average_precision(pictures).iou_50 is None
