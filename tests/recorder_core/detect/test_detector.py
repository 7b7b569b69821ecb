from __future__ import annotations

import dataclasses
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from recorder_core.detect.detector import (
    DETECTOR_NAMES,
    DetectorSettings,
    load_detector,
    load_detector_weights,
)
from recorder_core.detect.stages import ScoredBoxes
from recorder_core.detect.weights import load_weights
from recorder_core.detect.weights.drawn_faces import DRAWN_FACES_XYXY_PX, draw_faces
from recorder_core.errors import DataError, ModelMismatch, SettingsError
from recorder_core.model import Planes, View

#: starts at odd pixels on purpose; the drawing is 384x192
VIEW = View(257, 133, 384, 192)


def _frame_with_drawing(view: View = VIEW) -> Planes:
    """A grey 768x432 frame, full range BT.601, with the drawn faces in the view."""
    frame = np.full((432, 768, 3), 110.0)
    drawing = draw_faces()
    enlarged = drawing.repeat(view.height // 192, axis=0).repeat(view.width // 384, axis=1)
    frame[view.y : view.y + view.height, view.x : view.x + view.width] = enlarged
    blue, green, red = np.moveaxis(frame, 2, 0)
    y = 0.299 * red + 0.587 * green + 0.114 * blue
    u = ((blue - y) / 1.772 + 128).reshape(216, 2, 384, 2).mean(axis=(1, 3))
    v = ((red - y) / 1.402 + 128).reshape(216, 2, 384, 2).mean(axis=(1, 3))
    y, u, v = (np.clip(np.rint(plane), 0, 255).astype(np.uint8) for plane in (y, u, v))
    return Planes(y, u, v, full_range=True, matrix="bt601")


def _overlap_with_drawing(boxes: ScoredBoxes, scale: float = 1.0, view: View = VIEW) -> np.ndarray:
    """Best IoU of any found box with each drawn face."""
    truth = DRAWN_FACES_XYXY_PX[:, None] * scale + np.array([view.x, view.y] * 2)
    found = boxes.xyxy_px[None]
    sides = np.minimum(truth[..., 2:], found[..., 2:]) - np.maximum(truth[..., :2], found[..., :2])
    shared = sides.clip(min=0).prod(axis=2)
    areas = (truth[..., 2:] - truth[..., :2]).prod(axis=2)
    areas = areas + (found[..., 2:] - found[..., :2]).prod(axis=2)
    return (shared / (areas - shared)).max(axis=1)


@pytest.mark.parametrize("engine", ["auto", "openvino", "pytorch"])
def test_faces_are_found_where_they_are_in_the_frame(engine: str) -> None:
    detector = load_detector(DetectorSettings(engine=engine, min_score=0.5), VIEW)
    boxes = detector.detect(_frame_with_drawing())
    assert len(boxes) == 3
    assert _overlap_with_drawing(boxes).min() > 0.5
    assert (np.diff(boxes.scores) <= 0).all()


def test_a_scaled_view_gives_the_same_faces() -> None:
    view = View(0, 0, 768, 384)
    planes = _frame_with_drawing(view)
    detector = load_detector(DetectorSettings(min_score=0.5, long_side_px=384), view)
    assert detector.input.geometry.input_width == 384
    assert _overlap_with_drawing(detector.detect(planes), 2.0, view).min() > 0.5


def test_haar_cascades_find_faces_through_the_same_interface() -> None:
    detector = load_detector(DetectorSettings(name="haar"), VIEW)
    assert _overlap_with_drawing(detector.detect(_frame_with_drawing())).max() > 0.5
    assert len(detector.weights_sha256) == 64
    assert "Haar" in detector.describe()


def test_stage_by_stage_is_the_same_as_at_once() -> None:
    detector = load_detector(DetectorSettings(), VIEW)
    planes = _frame_with_drawing()
    batch = detector.process_image(detector.crop_view(planes))
    raw = detector.infer(np.concatenate([batch, batch]))
    boxes = detector.filter_by_score(detector.decode_boxes(raw, batch_index=1))
    staged = detector.suppress_overlaps(detector.sort_by_score(boxes))
    at_once = detector.detect(planes)
    np.testing.assert_array_equal(staged.xyxy_px, at_once.xyxy_px)
    np.testing.assert_array_equal(staged.scores, at_once.scores)


def test_a_frame_of_another_size_is_refused() -> None:
    detector = load_detector(DetectorSettings(), View(1000, 0, 64, 64))
    with pytest.raises(DataError, match="does not lie inside"):
        detector.detect(_frame_with_drawing())


def test_detector_says_what_runs_and_why() -> None:
    detector = load_detector(DetectorSettings(engine="openvino"), VIEW)
    text = detector.describe()
    assert "retinaface-mnet025 at 832x416" in text
    assert "OpenVINO" in text
    assert "was requested" in text
    assert detector.view == VIEW
    assert detector.weights_sha256 == load_weights().sha256


def test_weights_of_another_detector_are_refused() -> None:
    other = dataclasses.replace(load_weights(), detector="another")
    with pytest.raises(ModelMismatch, match="weights of another"):
        load_detector(DetectorSettings(), VIEW, other)
    mine = load_weights().path
    with pytest.raises(ModelMismatch, match=r"weights of retinaface.*not of compact.*--detector"):
        load_detector_weights(DetectorSettings(name="compact", weights=mine))


def test_weights_are_read_once_and_haar_has_none() -> None:
    loaded = load_detector_weights(DetectorSettings())
    assert loaded is not None
    assert loaded.sha256 == load_weights().sha256
    assert load_detector_weights(DetectorSettings(name="haar")) is None


@pytest.mark.parametrize(
    "changes",
    [
        {"name": "yolo"},
        {"min_score": 0.0},
        {"max_iou": 1.1},
        {"threads": 0},
        {"long_side_px": 8},
    ],
)
def test_settings_out_of_range_are_refused(changes: dict[str, object]) -> None:
    with pytest.raises(SettingsError):
        load_detector(DetectorSettings(**changes), VIEW)  # type: ignore[arg-type]


def test_names_are_those_of_the_settings() -> None:
    assert DETECTOR_NAMES == ("retinaface-mnet025", "compact", "retinanet", "faster-rcnn", "haar")
    assert DetectorSettings().weights is None
    assert DetectorSettings(weights=Path("a")).weights == Path("a")


def test_a_cold_start_needs_no_pytorch() -> None:
    code = (
        "import sys, time\n"
        "from recorder_core.detect import DetectorSettings, load_detector\n"
        "from recorder_core.model import View\n"
        "load_detector(DetectorSettings(engine='openvino'), View(0, 0, 640, 360))\n"
        "print(f'cold start: {time.process_time():.2f} s of processor time')\n"
        "sys.exit('torch' in sys.modules)\n"
    )
    done = subprocess.run([sys.executable, "-c", code], check=False, capture_output=True, text=True)
    print(done.stdout)
    assert done.returncode == 0, done.stderr
    assert "cold start" in done.stdout
