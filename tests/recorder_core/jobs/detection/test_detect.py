from __future__ import annotations

from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest

from recorder_core.detect import load_detector
from recorder_core.detect.weights.drawn_faces import draw_faces
from recorder_core.errors import DecodeError, SettingsError
from recorder_core.jobs import DetectOptions, detect_in_pictures, detect_in_video
from recorder_core.jobs.inputs.stride import DetectionStride
from recorder_core.media import read_picture
from recorder_core.model import View

#: an engine for one size and one for any may calculate in another order
ENGINE_PX, ENGINE_SCORE = 0.5, 0.01


def _options(drawn: Any, **changes: Any) -> DetectOptions:
    return DetectOptions(detector=drawn.options.detector, **changes)


def test_a_video_gives_a_row_for_each_picture_that_was_looked_at(drawn: Any) -> None:
    progress: list[tuple[int, int]] = []
    stride = DetectionStride(4, 5)
    table, source = detect_in_video(
        drawn.source, _options(drawn, stride=stride), lambda *now: progress.append(now)
    )
    frames = table.to_frames()
    assert [frame.frame_index for frame in frames] == list(range(0, 60, 4))
    assert [frame.pts for frame in frames] == source.index.pts[::4].tolist()
    certain = [int((frame.scores > 0.5).sum()) for frame in frames]
    assert certain == [0 if frame.frame_index in range(28, 33) else 3 for frame in frames]
    assert progress == [(17, 60), (37, 60), (57, 60)]


def test_a_span_of_a_video(drawn: Any) -> None:
    table, _ = detect_in_video(
        drawn.source,
        _options(drawn, stride=DetectionStride(1), start_seconds=1.0, stop_seconds=1.2),
    )
    assert [frame.frame_index for frame in table.to_frames()] == [20, 21, 22, 23]


def test_pictures_of_different_sizes(drawn: Any, tmp_path: Path) -> None:
    drawing = draw_faces()
    blank = np.full((100, 150, 3), 90, np.uint8)
    named = []
    for name, picture in (("a.png", drawing), ("b.jpg", blank), ("c.png", drawing)):
        cv2.imwrite(str(tmp_path / name), picture)
        named.append((name, tmp_path / name))
    table = detect_in_pictures(named, _options(drawn))
    found = dict(table.to_pictures())
    assert list(found) == ["a.png", "b.jpg", "c.png"]
    assert [int((found[name].scores > 0.5).sum()) for name in found] == [3, 0, 3]


def test_a_network_is_loaded_once_for_pictures_of_all_sizes(
    drawn: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    loads: list[str] = []

    def load(settings: Any, view: View, weights: Any, *, any_size: bool) -> Any:
        detector = load_detector(settings, view, weights, any_size=any_size)
        loads.append(detector.engine.name)
        return detector

    monkeypatch.setattr("recorder_core.jobs.detection.detect.load_detector", load)
    named = []
    # of 384 pixels on the long side, 178 to 190 are padded to 192 rows, and 240 to 256
    for height, width in [(184, 384), (250, 384), (190, 384), (92, 192), (252, 384)] * 2:
        path = tmp_path / f"{len(named):02d}.png"
        cv2.imwrite(str(path), cv2.resize(draw_faces(), (width, height)))
        named.append((path.name, path))
    table = dict(detect_in_pictures(named, _options(drawn)).to_pictures())
    assert loads == ["openvino"]
    assert list(table) == [name for name, _ in named]
    for name, path in named[:5]:
        planes = read_picture(path)
        view = View(0, 0, planes.width, planes.height)
        alone = load_detector(drawn.options.detector, view, self_test=False).detect(planes)
        np.testing.assert_allclose(table[name].boxes_xyxy_px, alone.xyxy_px, atol=ENGINE_PX)
        np.testing.assert_allclose(table[name].scores, alone.scores, atol=ENGINE_SCORE)
        assert (alone.scores > 0.5).sum() == 3


def test_pictures_have_no_time(drawn: Any) -> None:
    with pytest.raises(SettingsError, match="pictures have no time"):
        detect_in_pictures([], _options(drawn, start_seconds=1.0))


def test_a_file_that_is_no_picture_is_refused(drawn: Any, tmp_path: Path) -> None:
    path = tmp_path / "a.png"
    path.write_text("no picture")
    with pytest.raises(DecodeError, match=r"a\.png"):
        detect_in_pictures([("a.png", path)], _options(drawn))
