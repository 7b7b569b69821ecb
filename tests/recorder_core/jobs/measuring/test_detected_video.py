from __future__ import annotations

from fractions import Fraction
from pathlib import Path
from typing import Any

import pytest

from recorder_core.detect import DetectorSettings
from recorder_core.errors import DataError
from recorder_core.evaluation.video import redact_by_method
from recorder_core.jobs import DetectOptions
from recorder_core.jobs.measuring.detected_video import (
    read_truth_frames,
    run_detector,
    run_detector_on_surgery,
)
from recorder_core.simulate import SimulationSettings
from tests.conftest import JUMPS

SMALL = DetectOptions(detector=DetectorSettings(long_side_px=384))


def test_every_frame_of_a_video_is_looked_at(drawn: Any) -> None:
    recording = run_detector(drawn.source, options=SMALL)
    assert [each.frame_index for each in recording.detections] == list(range(60))
    assert recording.truth == []
    assert sum(len(each) > 0 for each in recording.detections) > 40


def test_some_frames_can_be_looked_at(drawn: Any) -> None:
    recording = run_detector(drawn.source, options=SMALL, every=25)
    assert [each.frame_index for each in recording.detections] == sorted({0, 25, 50, *JUMPS})


def test_methods_get_what_the_job_would_use(drawn: Any) -> None:
    recording = run_detector(drawn.source, options=SMALL)
    settings = recording.method_settings({"near": 1})
    assert settings.view == recording.source.view
    assert settings.time_base == recording.source.video.time_base
    assert settings.max_look_ahead_frames is not None
    decided = redact_by_method(recording.detections, settings)
    assert set(decided) == {"before", "near", "after"}
    # the wall hides the faces in frames 28 to 32; only tracks reach over it
    assert not decided["before"][30]
    assert not decided["near"][30]
    assert decided["after"][30]


def test_a_surgery_is_simulated_once(tmp_path: Path) -> None:
    settings = SimulationSettings(
        duration_seconds=0.4, frame_rate=Fraction(10), width=640, height=360, faces=2, audio=False
    )
    options = DetectOptions(view="surgery-box")
    first = run_detector_on_surgery(tmp_path / "kept", settings, options)
    written = first.path.stat().st_mtime_ns
    again = run_detector_on_surgery(tmp_path / "kept", settings, options, every=2)
    assert again.path.stat().st_mtime_ns == written
    assert [frame.frame_index for frame in first.truth] == [0, 1, 2, 3]
    assert [each.frame_index for each in again.detections] == [0, 2]
    assert again.truth == first.truth
    times = [frame.seconds for frame in first.truth]
    assert times == pytest.approx([0.0, 0.1, 0.2, 0.3])
    assert len(read_truth_frames(first.path.with_suffix(".truth.parquet"), range(1, 3))) == 2


def test_a_missing_truth_is_refused(drawn: Any, tmp_path: Path) -> None:
    with pytest.raises(DataError, match="there is no such file"):
        run_detector(drawn.source, tmp_path / "no.parquet", SMALL, every=50)
