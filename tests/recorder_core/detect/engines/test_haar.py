from __future__ import annotations

import sys
from types import SimpleNamespace

import numpy as np
import pytest

from recorder_core.detect.engines.haar import HaarEngine, load_haar_engine
from recorder_core.detect.weights.drawn_faces import DRAWN_FACES_XYXY_PX, draw_faces
from recorder_core.errors import DataError, EngineUnavailable


def _batch() -> np.ndarray:
    return np.ascontiguousarray(draw_faces().astype(np.float32).transpose(2, 0, 1)[None])


def test_drawn_faces_are_found() -> None:
    raw = load_haar_engine().infer(_batch())
    assert raw.face_probability.min() >= 0
    assert raw.face_probability.max() <= 1
    centres = (raw.box_offsets[0, :, :2] + raw.box_offsets[0, :, 2:]) / 2
    for outline in DRAWN_FACES_XYXY_PX:
        inside = (centres > outline[:2]) & (centres < outline[2:])
        assert inside.all(axis=1).any()


def test_an_empty_picture_gives_no_boxes() -> None:
    raw = load_haar_engine().infer(np.zeros((1, 3, 64, 64), np.float32))
    assert raw.box_offsets.shape == (1, 0, 4)


class _LeftHalfCascade:
    """Finds one face, in the left half of whatever it is shown."""

    def detectMultiScale3(  # noqa: N802 - OpenCV's name
        self, grey: np.ndarray, **options: object
    ) -> tuple[np.ndarray, None, np.ndarray]:
        return np.array([[2, 3, 10, 12]]), None, np.array([0.0])


def test_boxes_of_the_mirrored_picture_are_mirrored_back() -> None:
    cascade = _LeftHalfCascade()
    raw = HaarEngine(cascade, cascade, "").infer(np.zeros((1, 3, 32, 64), np.float32))
    expected = [[2, 3, 12, 15], [2, 3, 12, 15], [52, 3, 62, 15]]
    assert raw.box_offsets[0].tolist() == expected
    np.testing.assert_allclose(raw.face_probability, 0.5)


def test_more_than_one_picture_is_refused() -> None:
    with pytest.raises(DataError, match="one picture"):
        load_haar_engine().infer(np.zeros((2, 3, 32, 32), np.float32))


def test_an_opencv_without_cascades_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    without = SimpleNamespace(__version__="5.0.0", data=SimpleNamespace(haarcascades="nowhere/"))
    monkeypatch.setitem(sys.modules, "cv2", without)
    with pytest.raises(EngineUnavailable, match=r"OpenCV 5\.0\.0 has no Haar cascades"):
        load_haar_engine()
