from __future__ import annotations

import numpy as np
import pytest
from PIL import Image

from recorder_core.datasets import LabelledFace, LabelledPicture
from recorder_core.errors import DataError, SettingsError
from recorder_core.evaluation import DetectedPicture, EvaluationSettings, join_predictions
from recorder_core.evaluation.pictures import scaled_long_side_px

FACE = (0, 0, 20, 16)


def test_faces_are_measured_in_the_scaled_picture(judged):
    picture = judged([FACE], [(0, 0, 20, 16, 0.5)], settings=EvaluationSettings(scale=320))
    assert picture.scale == 0.5
    assert picture.heights_px.tolist() == [8]
    assert picture.boxes_xyxy_px.tolist() == [[0, 0, 10, 8]]
    assert judged([FACE], settings=EvaluationSettings(scale="original")).heights_px.tolist() == [16]


@pytest.mark.parametrize(
    ("scale", "size_px", "long_side_px"),
    [
        (640, (1920, 1080), 640),
        ("original", (1080, 1920), 1920),
        ("auto", (1920, 1080), 960),
        ("auto", (900, 500), 900),
        ("auto", (100, 320), 832),
    ],
)
def test_the_scale_of_a_picture(scale, size_px, long_side_px):
    assert scaled_long_side_px(scale, size_px) == long_side_px


def test_small_and_difficult_faces_do_not_count(judged):
    faces = [FACE, (100, 0, 120, 7.9), LabelledFace((200.0, 0.0, 220.0, 20.0), difficult=True)]
    assert judged(faces).face_counts.tolist() == [True, False, False]


def test_a_set_may_have_a_limit_of_its_own(judged):
    settings = EvaluationSettings(min_face_px=8, min_face_px_by_set=(("w", 17),))
    assert judged([FACE], set_name="w", settings=settings).face_counts.tolist() == [False]
    assert judged([FACE], set_name="a", settings=settings).face_counts.tolist() == [True]


def test_the_size_of_a_picture_is_asked_of_the_file_where_the_labels_lack_it(boxes, tmp_path):
    Image.new("RGB", (1280, 320)).save(tmp_path / "a.png")
    labelled = LabelledPicture("a.png", None, (LabelledFace(FACE),), folder=tmp_path)
    assert DetectedPicture.judge(labelled, boxes(), EvaluationSettings()).scale == 0.5


def test_labels_and_predictions_are_joined_by_name(boxes):
    pictures = [LabelledPicture(name, (640, 480)) for name in ("a.jpg", "b.jpg")]
    predictions = {"b.jpg": boxes(), "a.jpg": boxes((*FACE, 0.5)), "c.jpg": boxes()}
    joined = join_predictions(pictures, predictions, EvaluationSettings())
    assert [len(picture.scores) for picture in joined] == [1, 0]


def test_a_picture_that_nobody_looked_at_is_an_error(boxes):
    pictures = [LabelledPicture(name, (640, 480)) for name in ("a.jpg", "b.jpg", "c.jpg")]
    with pytest.raises(DataError, match=r"2 of 3 pictures were not searched, b\.jpg among them"):
        join_predictions(pictures, {"a.jpg": boxes()}, EvaluationSettings())


@pytest.mark.parametrize(
    ("settings", "sentence"),
    [
        ({"min_match_iou": 0}, "overlap of 0"),
        ({"scale": 0}, "long side of 0 px"),
        ({"min_face_px": -1}, "0 or more"),
        ({"min_face_px_by_set": (("a", np.inf),)}, "0 or more"),
        ({"false_boxes_per_picture": (-0.1,)}, "0 or more"),
        ({"scores": (0.5, 1.5)}, "0 to 1"),
    ],
)
def test_settings_that_make_no_sense(settings, sentence):
    with pytest.raises(SettingsError, match=sentence):
        EvaluationSettings(**settings)
