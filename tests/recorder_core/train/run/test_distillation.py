from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import torch

from recorder_core.detect.anchors import decode_boxes, make_anchors
from recorder_core.detect.networks import RETINAFACE, RETINANET
from recorder_core.detect.networks.compact import COMPACT_ANCHORS
from recorder_core.detect.weights import load_weights
from recorder_core.detect.weights.drawn_faces import DRAWN_FACES_XYXY_PX, draw_faces
from recorder_core.errors import SettingsError
from recorder_core.evaluation import box_overlaps
from recorder_core.train.learning.loss import LossSettings
from recorder_core.train.run import distillation
from recorder_core.train.run.distillation import Teacher, load_teacher
from recorder_core.train.samples.teacher import TeacherSettings
from recorder_core.train.settings import TrainingSettings

CPU = torch.device("cpu")
MEAN = RETINAFACE.mean_bgr


def _pictures():
    """The drawing's two larger faces, in a square."""
    square = np.full((192, 192, 3), 150, np.uint8)
    square[:, :] = draw_faces()[:, 192:]
    pixels = square.astype(np.float32) - np.asarray(MEAN, np.float32)
    return torch.from_numpy(pixels.transpose(2, 0, 1)[None])


@pytest.fixture(scope="module")
def weights():
    return load_weights()


def test_with_the_same_anchors_the_teacher_speaks_as_it_is(weights):
    teacher = Teacher(weights, weights.anchors, MEAN, CPU)
    said = teacher.predict(_pictures())
    network = RETINAFACE.build_network(weights.tensors, weights.design, weights.anchors)
    with torch.inference_mode():
        offsets, faces = network(_pictures())
    assert said.offsets.numpy() == pytest.approx(offsets.numpy(), abs=1e-3)
    assert said.margins.sigmoid().numpy() == pytest.approx(faces.numpy(), abs=1e-4)


def test_for_one_anchor_a_place_the_surest_speaks_in_its_offsets(weights):
    own = Teacher(weights, weights.anchors, MEAN, CPU).predict(_pictures())
    said = Teacher(weights, COMPACT_ANCHORS, MEAN, CPU).predict(_pictures())
    places = make_anchors(192, 192, COMPACT_ANCHORS)
    assert said.margins.shape == (1, len(places))
    assert torch.equal(said.margins, own.margins.view(1, -1, 2).amax(dim=2))
    boxes = decode_boxes(said.offsets[0].numpy(), places, COMPACT_ANCHORS.variances)
    best = boxes[int(said.margins.argmax())]
    # the largest of the drawn faces, which lies in this half
    outline = DRAWN_FACES_XYXY_PX[2:] - np.array([192, 0, 192, 0], np.float32)
    assert box_overlaps(best[None], outline).max() > 0.6


def test_a_network_that_looks_at_pictures_differently_cannot_be_taught(weights):
    with pytest.raises(SettingsError, match=r"set loss\.distill_weight to 0"):
        Teacher(weights, RETINANET.anchors, RETINANET.mean_bgr, CPU)
    other_grid = replace(COMPACT_ANCHORS, steps_px=(4, 8, 16))
    with pytest.raises(SettingsError, match="distill_weight"):
        Teacher(weights, other_grid, MEAN, CPU)


def test_a_teacher_is_read_only_where_it_is_needed(weights, monkeypatch):
    silent = TrainingSettings(
        teacher=TeacherSettings(completes_labels=False), loss=LossSettings(distill_weight=0)
    )
    assert load_teacher(silent) is None
    for needed in (
        replace(silent, teacher=TeacherSettings()),
        replace(silent, loss=LossSettings(distill_weight=0.5)),
    ):
        assert load_teacher(needed).sha256 == weights.sha256
    other = replace(weights, detector="compact")
    monkeypatch.setattr(distillation, "load_weights", lambda _path: other)
    with pytest.raises(SettingsError, match="those of compact; a teacher is a retinaface"):
        load_teacher(TrainingSettings())
