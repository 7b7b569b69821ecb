from __future__ import annotations

import importlib
import json
import math
from dataclasses import replace
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
import pytest

from recorder_core.detect import DetectorSettings
from recorder_core.evaluation.video import TruthFrame
from recorder_core.jobs import DetectOptions
from recorder_core.jobs.measuring.detected_video import DetectedVideo, run_detector
from recorder_core.model import FrameDetections, Redaction, TruthFace

PROFILING = Path(__file__).resolve().parents[2] / "profiling" / "comparisons"
FRAMES = 3000
BOXES = ((60.0, 30.0, 90.0, 70.0), (200.0, 40.0, 230.0, 80.0))


@pytest.fixture
def script(monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    monkeypatch.syspath_prepend(PROFILING)
    return importlib.import_module("compare_smoothing")


@pytest.fixture(scope="module")
def seen(drawn: Any) -> DetectedVideo:
    options = DetectOptions(detector=DetectorSettings(long_side_px=384))
    return run_detector(drawn.source, options=options)


@pytest.fixture(scope="module")
def steady(seen: DetectedVideo) -> DetectedVideo:
    """Two people who stay where they are and are found in every frame, and a lamp."""
    lamp = (300.0, 10.0, 320.0, 30.0)
    boxes = np.array([*BOXES, lamp], np.float32)
    scores = np.array([0.9, 0.8, 0.6], np.float32)
    faces = range(len(BOXES))
    # 20 frames per second
    unit = round(1 / (20 * seen.source.video.time_base))
    return replace(
        seen,
        detections=[FrameDetections(i, i * unit, boxes, scores) for i in range(FRAMES)],
        truth=[
            TruthFrame(i, i / 20, tuple(TruthFace(i, i, k, BOXES[k], 1.0, "masked") for k in faces))
            for i in range(FRAMES)
        ],
    )


def _missed(frames: list[FrameDetections]) -> np.ndarray[Any, Any]:
    """Return which of the two faces is missed in each frame, (frames, 2) bool."""
    return np.array([[not (f.boxes_xyxy_px[:, 0] == b[0]).any() for b in BOXES] for f in frames])


def _mean_run(missed: np.ndarray[Any, Any]) -> float:
    starts = missed[1:] & ~missed[:-1]
    return float(missed.sum() / max(1, starts.sum()))


def test_as_many_faces_are_struck_out_as_faceoff_missed(
    script: ModuleType, steady: DetectedVideo
) -> None:
    alone = script.misses_alone(steady, np.random.default_rng(0))
    runs = script.misses_in_runs(steady, np.random.default_rng(0))
    assert _missed(alone).mean() == pytest.approx(1 - 0.8805, abs=0.02)
    assert _missed(runs).mean() == pytest.approx(1 - 0.8805, abs=0.05)
    assert _mean_run(_missed(alone)) == pytest.approx(1.14, abs=0.1)
    # half a second of 20 frames per second
    assert _mean_run(_missed(runs)) == pytest.approx(10, abs=3)
    # what is no face stays
    assert all((frame.scores == np.float32(0.6)).any() for frame in (*alone, *runs))
    assert len(steady.detections[5]) == 3


def test_the_default_stride_is_that_of_the_job(script: ModuleType, steady: DetectedVideo) -> None:
    frames = script.default_stride(steady, np.random.default_rng(0))
    looked = [isinstance(frame, FrameDetections) for frame in frames]
    assert looked[:6] == [True, False] * 3
    assert script.all_frames(steady, np.random.default_rng(0)) is steady.detections


def test_methods_are_compared_under_every_condition(
    script: ModuleType, steady: DetectedVideo, capsys: pytest.CaptureFixture[str]
) -> None:
    short = replace(steady, detections=steady.detections[:200], truth=steady.truth[:200])
    rows = script.compare([short, short])
    assert len(rows) == len(script.CONDITIONS) * 4
    table = {(row["condition"], row["method"]): row for row in rows}
    assert table["every frame", "before"]["recall_iou_50"] == 1.0
    # every second frame, and the last
    assert table["default stride", "before"]["recall_iou_50"] == pytest.approx(101 / 200)
    assert table["default stride", "after"]["hidden_share"] == 1.0
    assert table["misses alone", "before"]["visible_faces"] == 800
    assert (
        table["misses alone", "before"]["hidden_share"]
        < table["misses alone", "temporal_kernel"]["hidden_share"]
        <= 1.0
    )
    assert json.loads(json.dumps(rows)) == rows
    assert capsys.readouterr().out.count("\n") == len(rows)


def test_clips_without_truth_are_measured(
    script: ModuleType, drawn: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    clips = importlib.import_module("redacted_clips")
    folder = tmp_path / "clips"
    folder.mkdir()
    (folder / "person.mp4").write_bytes(drawn.source.read_bytes())
    (folder / "broken.mkv").write_bytes(b"no video")
    (folder / "notes.txt").write_text("left alone")
    monkeypatch.setattr(clips, "RESIDUAL_EVERY", {"retinaface-mnet025": 20, "haar": 20})
    result = clips.compare_on_clips(folder)
    assert result["clips"] == 1
    assert list(result["refused"]) == ["broken.mkv"]
    steady, residual = result["steadiness"], result["residual"]["retinaface-mnet025"]
    methods = {"before", "temporal_kernel", "temporal_kernel_15", "after"}
    assert set(steady["every frame"]) == methods
    assert set(residual) == {"none", *methods}
    # with the stride every second frame is bare; tracks also reach over the wall
    assert steady["default stride"]["before"]["blinks"] > 20
    assert steady["default stride"]["after"]["blinks"] == 0
    assert 0 < steady["every frame"]["before"]["blinks"] < 20
    assert steady["every frame"]["after"]["redacted_frames_share"] == 1.0
    assert residual["none"]["beside_per_frame"] >= 2.5
    assert residual["after"]["beside_per_frame"] < 1.0
    assert "person" not in json.dumps([steady, residual])


def test_one_method_does_not_see_the_redactions_of_another(
    script: ModuleType, seen: DetectedVideo, monkeypatch: pytest.MonkeyPatch
) -> None:
    clips = importlib.import_module("redacted_clips")
    monkeypatch.setattr(clips, "RESIDUAL_EVERY", {"retinaface-mnet025": 30})
    whole = {0: [Redaction(0, (0.0, 0.0, 384.0, 192.0), "filled", 0, math.nan)]}
    found = clips.find_residuals(seen, {"all": whole, "none": {}}, "retinaface-mnet025")
    assert found["none"].boxes > found["all"].boxes
    assert found["none"] == clips.find_residuals(seen, {"none": {}}, "retinaface-mnet025")["none"]


def test_a_folder_without_a_video_is_refused(script: ModuleType, tmp_path: Path) -> None:
    (tmp_path / "broken.mkv").write_bytes(b"no video")
    with pytest.raises(SystemExit, match=r"broken\.mkv"):
        importlib.import_module("redacted_clips").compare_on_clips(tmp_path)
