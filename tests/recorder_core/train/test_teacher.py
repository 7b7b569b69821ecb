from __future__ import annotations

import cv2
import numpy as np
import pytest

from recorder_core.detect.drawn_faces import DRAWN_FACES_XYXY_PX, draw_faces
from recorder_core.detect.families import RETINAFACE
from recorder_core.detect.weights import load_weights
from recorder_core.evaluation.overlaps import box_overlaps
from recorder_core.train.photos import load_sources
from recorder_core.train.settings import DataSettings, RunSettings, TrainingSettings
from recorder_core.train.teacher import TeacherSettings, ask_teacher, unseen

SETTINGS = TeacherSettings(long_side_px=384, min_label_score=0.5)
QUICK = TeacherSettings(long_side_px=128)


@pytest.fixture(scope="module")
def weights():
    return load_weights()


@pytest.fixture(scope="module")
def network(weights):
    return RETINAFACE.build_network(weights.tensors, weights.design, weights.anchors)


def test_faces_without_a_label_are_added(network, weights):
    seen = ask_teacher(network, draw_faces(), DRAWN_FACES_XYXY_PX[:1], weights.anchors, SETTINGS)
    overlaps = box_overlaps(seen.added_xyxy_px, DRAWN_FACES_XYXY_PX)
    assert set(overlaps.argmax(axis=1)) == {1, 2}
    assert overlaps.max(axis=1).min() > 0.5


def test_labelled_faces_get_landmarks_inside_their_box(network, weights):
    boxes = np.concatenate([DRAWN_FACES_XYXY_PX[2:], [[0, 0, 9, 9]]]).astype(np.float32)
    seen = ask_teacher(network, draw_faces(), boxes, weights.anchors, SETTINGS)
    points = seen.landmarks_px[0]
    assert ((points > boxes[0, :2]) & (points < boxes[0, 2:])).all()
    assert points[0, 0] < points[1, 0]
    assert points[0, 1] < points[2, 1] < points[3, 1]
    assert np.isnan(seen.landmarks_px[1]).all()


def test_faces_of_which_the_teacher_is_not_sure_are_not_judged(network, weights):
    unsure = TeacherSettings(long_side_px=384, min_label_score=1.1)
    none = np.zeros((0, 4), np.float32)
    seen = ask_teacher(network, draw_faces(), none, weights.anchors, unsure)
    assert len(seen.added_xyxy_px) == 0
    assert len(seen.ignored_xyxy_px) >= 3


def test_a_teacher_that_says_nothing():
    seen = unseen(2)
    assert seen.landmarks_px.shape == (2, 5, 2)
    assert len(seen.added_xyxy_px) == len(seen.ignored_xyxy_px) == 0


def test_photos_are_loaded_and_the_teachers_answers_kept(made_set, weights, tmp_path):
    data = DataSettings(
        made_set,
        left_out_sets=("b",),
        rooms=made_set.with_suffix(""),
        rooms_pattern="[01].png",
        max_side_px=80,
    )
    settings = TrainingSettings(data=data, run=RunSettings(output=tmp_path / "run"), teacher=QUICK)
    sources = load_sources(settings, weights)
    assert len(sources.photos) == 4
    assert len(sources.rooms) == 2
    assert sources.empties == []
    assert sources.photos[0].picture_bgr.shape == (60, 80, 3)
    kept = list(tmp_path.glob("teacher-*/*.npz"))
    assert len(kept) == 4
    again = load_sources(settings, weights)
    for one, other in zip(sources.photos, again.photos, strict=True):
        assert np.array_equal(one.boxes_xyxy_px, other.boxes_xyxy_px)


def test_labels_shrink_with_the_photo(made_set, weights, tmp_path):
    def load(max_side_px):
        run = RunSettings(output=tmp_path / str(max_side_px) / "run")
        data = DataSettings(made_set, max_side_px=max_side_px)
        settings = TrainingSettings(data=data, run=run, teacher=QUICK)
        return load_sources(settings, weights).photos[0]

    large, small = load(1000), load(80)
    assert small.boxes_xyxy_px[0] == pytest.approx(large.boxes_xyxy_px[0] / 2)
    assert cv2.resize(large.picture_bgr, (80, 60)).shape == small.picture_bgr.shape
