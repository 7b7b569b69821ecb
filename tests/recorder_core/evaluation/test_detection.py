from __future__ import annotations

from dataclasses import replace

import cv2
import numpy as np
import pytest

from recorder_core.datasets import LabelledPicture
from recorder_core.detect import DetectorSettings, load_weights
from recorder_core.detect.weights.drawn_faces import DRAWN_FACES_XYXY_PX, draw_faces
from recorder_core.errors import DataError
from recorder_core.evaluation import box_overlaps, detect_faces, detection

#: float32 everywhere, so that the numbers are those of every machine
PYTORCH = DetectorSettings(engine="pytorch", min_score=0.02)


@pytest.fixture
def drawn(tmp_path):
    """The drawn faces twice, one time without the last two rows, and a grey picture."""
    drawing = draw_faces()
    pictures = {"a.png": drawing, "b.png": drawing[:-2], "grey.png": np.full_like(drawing, 120)}
    for name, picture in pictures.items():
        assert cv2.imwrite(str(tmp_path / name), picture)
    return [
        LabelledPicture(name, (picture.shape[1], picture.shape[0]), folder=tmp_path)
        for name, picture in pictures.items()
    ]


def test_faces_are_found_in_the_pictures_own_pixels(drawn):
    run = detect_faces(drawn, PYTORCH, 768)
    for name in ("a.png", "b.png"):
        found = run.predictions[name]
        sure = found.xyxy_px[found.scores > 0.5]
        assert box_overlaps(sure, DRAWN_FACES_XYXY_PX).max(axis=0).min() > 0.5
    assert not (run.predictions["grey.png"].scores > 0.5).any()


def test_the_time_of_each_picture_and_what_ran(drawn):
    seen = []
    run = detect_faces(drawn, PYTORCH, "original", progress=lambda *done: seen.append(done))
    assert seen == [(1, 3), (2, 3), (3, 3)]
    speed = run.speed()
    assert speed["pictures"] == 3
    assert 0 < speed["median_ms"] <= speed["percentile_95_ms"]
    assert speed["input_sizes_px"] == {"384x192": 3}
    assert "PyTorch" in speed["engine"]
    assert run.facts.weights_sha256 == load_weights().sha256


def test_pictures_of_one_input_size_share_a_network(drawn, monkeypatch):
    loaded = []

    def load(settings, view, weights):
        loaded.append(settings.long_side_px)
        return original(settings, view, weights)

    original = detection.load_detector
    monkeypatch.setattr(detection, "load_detector", load)
    together = detect_faces(drawn, PYTORCH, "original").predictions
    assert loaded == [384]
    alone = detect_faces(drawn[1:2], PYTORCH, "original").predictions
    assert together["b.png"].xyxy_px == pytest.approx(alone["b.png"].xyxy_px, abs=1e-3)


def test_weights_in_memory(drawn):
    weights = load_weights()
    silent = {name: tensor.copy() for name, tensor in weights.tensors.items()}
    for level in range(3):
        # two anchors with the logits of background and face
        silent[f"ClassHead.{level}.conv1x1.bias"] += np.array([20, 0, 20, 0], np.float32)
    silent_weights = replace(weights, tensors=silent, self_test=replace(
        weights.self_test, scores=(0.0,) * len(weights.self_test.scores)
    ))  # fmt: skip
    found = detect_faces(drawn[:1], PYTORCH, 384, weights=silent_weights)
    assert not (found.predictions["a.png"].scores > 0.5).any()


def test_haar_cascades(drawn):
    run = detect_faces(drawn, DetectorSettings(name="haar", min_score=0.02), "original")
    assert set(run.predictions) == {"a.png", "b.png", "grey.png"}
    assert "Haar" in run.facts.engine


def test_a_picture_of_another_size_than_its_labels_say(drawn):
    with pytest.raises(DataError, match=r"a\.png has 384x192 pixels, its labels are for 192x384"):
        detect_faces([replace(drawn[0], size_px=(192, 384))], PYTORCH, 640)


def test_no_pictures():
    with pytest.raises(DataError, match="no picture"):
        detect_faces([], PYTORCH, 640)
