from __future__ import annotations

import os

import cv2
import numpy as np
import pytest

from recorder_core.detect import ScoredBoxes
from recorder_core.detect.networks import RETINAFACE
from recorder_core.detect.weights import load_weights
from recorder_core.detect.weights.drawn_faces import DRAWN_FACES_XYXY_PX, draw_faces
from recorder_core.errors import DataError, SettingsError
from recorder_core.model.faces.overlaps import box_overlaps
from recorder_core.train.run.photos import load_sources
from recorder_core.train.samples.teacher import (
    TeacherSettings,
    TeacherView,
    add_predictions,
    ask_teacher,
    unseen,
)
from recorder_core.train.settings import DataSettings, RunSettings, TrainingSettings

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


def test_a_run_begun_meanwhile_does_not_disturb_the_kept_answers(
    made_set, weights, tmp_path, monkeypatch
):
    def settings(name):
        run = RunSettings(output=tmp_path / name)
        return TrainingSettings(data=DataSettings(made_set), run=run, teacher=QUICK)

    save, others = np.savez, []

    def save_while_another_run_begins(path, **arrays):
        save(path, **arrays)
        with monkeypatch.context() as patch:
            patch.setattr(np, "savez", save)
            patch.setattr(os, "getpid", lambda: -1)
            others.append(load_sources(settings("other"), weights))

    monkeypatch.setattr(np, "savez", save_while_another_run_begins)
    mine = load_sources(settings("mine"), weights)
    assert len(others) == 1
    for one, other in zip(mine.photos, others[0].photos, strict=True):
        assert np.array_equal(one.boxes_xyxy_px, other.boxes_xyxy_px)
    folder = next(tmp_path.glob("teacher-*"))
    assert {path.stem.count(".") for path in folder.iterdir()} == {0}


def test_labels_shrink_with_the_photo(made_set, weights, tmp_path):
    def load(max_side_px):
        run = RunSettings(output=tmp_path / str(max_side_px) / "run")
        data = DataSettings(made_set, max_side_px=max_side_px)
        settings = TrainingSettings(data=data, run=run, teacher=QUICK)
        return load_sources(settings, weights).photos[0]

    large, small = load(1000), load(80)
    assert small.boxes_xyxy_px[0] == pytest.approx(large.boxes_xyxy_px[0] / 2)
    assert cv2.resize(large.picture_bgr, (80, 60)).shape == small.picture_bgr.shape


def test_other_detectors_complete_the_labels_in_place_of_the_teacher():
    def box(x):
        return [x, 0, x + 10, 10]

    label = np.array([box(0)], np.float32)
    seen = TeacherView(
        np.array([box(20), box(40)], np.float32),
        np.array([box(60)], np.float32),
        np.full((1, 5, 2), 3, np.float32),
    )
    found = ScoredBoxes(
        np.array([box(1), box(21), box(80), box(100), box(120)], np.float32),
        np.array([0.9, 0.8, 0.7, 0.4, 0.1], np.float32),
    )
    settings = TeacherSettings(min_predicted_label_score=0.6, min_predicted_ignored_score=0.2)
    view = add_predictions(seen, label, found, settings)
    # what overlaps a label is that label's; the teacher alone is not enough
    assert view.added_xyxy_px[:, 0].tolist() == [21, 80]
    assert view.ignored_xyxy_px[:, 0].tolist() == [40, 60, 100]
    assert (view.landmarks_px == 3).all()


def test_predictions_are_learnt_with_less_certainty(made_set, weights, tmp_path):
    photos = load_sources(_completed(made_set, tmp_path, "{name}\n1\n2 2 30 30 0.9\n"), weights)
    photo = photos.photos[0]
    # photos are kept at half their size
    assert photo.boxes_xyxy_px[-1].tolist() == [1, 1, 16, 16]
    assert photo.certainty.tolist() == [*[1] * (len(photo.certainty) - 1), 0.75]
    assert len(photo.has_mask) == len(photo.landmarks_px) == len(photo.certainty)


def test_a_photo_without_predictions_is_an_error(made_set, weights, tmp_path):
    with pytest.raises(DataError, match="has no entry for picture"):
        load_sources(_completed(made_set, tmp_path, "other{name}\n0\n"), weights)


def _completed(made_set, tmp_path, entry):
    names = [f"{number}.png" for number in range(8)]
    path = tmp_path / "found.txt"
    path.write_text("".join(entry.format(name=name.removesuffix(".png")) for name in names))
    teacher = TeacherSettings(long_side_px=128, predictions=path, certainty=0.75)
    data = DataSettings(made_set, max_side_px=80)
    return TrainingSettings(data=data, run=RunSettings(output=tmp_path / "run"), teacher=teacher)


@pytest.mark.parametrize("certainty", [0.0, 1.5])
def test_an_impossible_certainty_is_refused(certainty):
    with pytest.raises(SettingsError, match="certainty"):
        TeacherSettings(certainty=certainty)


@pytest.mark.parametrize(("ignored", "label"), [(0.6, 0.5), (-0.1, 0.5), (0.2, 1.1)])
def test_impossible_scores_of_predictions_are_refused(ignored, label):
    with pytest.raises(SettingsError, match="min_predicted"):
        TeacherSettings(min_predicted_ignored_score=ignored, min_predicted_label_score=label)
