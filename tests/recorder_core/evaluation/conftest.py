from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest

from recorder_core.datasets import LabelledFace, LabelledPicture
from recorder_core.detect import ScoredBoxes
from recorder_core.evaluation import DetectedPicture, EvaluationSettings


def scored(*rows):
    """Return boxes from rows of left, top, right, bottom and score."""
    table = np.array(rows, np.float32).reshape(-1, 5)
    return ScoredBoxes(table[:, :4], table[:, 4])


@pytest.fixture
def boxes() -> Callable[..., ScoredBoxes]:
    return scored


@pytest.fixture
def judged() -> Callable[..., DetectedPicture]:
    """Make a picture of 640x480 from boxes of faces, or whole faces, and rows of detections."""

    def make(faces, rows=(), *, name="a.jpg", set_name="", settings=None, picture=None):
        marked = tuple(
            face if isinstance(face, LabelledFace) else LabelledFace(tuple(map(float, face)))
            for face in faces
        )
        labelled = LabelledPicture(
            name, (640, 480), marked, set_name=set_name, attributes=picture or {}
        )
        return DetectedPicture.judge(labelled, scored(*rows), settings or EvaluationSettings())

    return make
