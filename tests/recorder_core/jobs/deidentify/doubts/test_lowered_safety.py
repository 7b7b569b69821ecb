from __future__ import annotations

from dataclasses import replace
from fractions import Fraction
from pathlib import Path

import pytest

from recorder_core.deidentify.redaction import RedactionSettings
from recorder_core.deidentify.tracking import SmoothingSettings
from recorder_core.detect import DetectorSettings
from recorder_core.jobs import DeidentifyOptions
from recorder_core.jobs.deidentify.doubts.lowered_safety import (
    lowered_safety,
    sparse_detection,
    unlikely_stretch,
)
from recorder_core.jobs.inputs.job_video import open_job_video
from recorder_core.jobs.inputs.stride import DetectionStride
from recorder_core.model import View
from tests.conftest import write_wall

ROOM = View(0, 0, 640, 360)
USUAL = DeidentifyOptions()


@pytest.mark.parametrize(
    ("options", "words"),
    [
        (replace(USUAL, smoothing=SmoothingSettings.from_threshold(0.8)), "from a score of 0.8"),
        (replace(USUAL, redaction=RedactionSettings.scaled(0.5)), "reach 50% as far beyond a face"),
        (replace(USUAL, redaction=RedactionSettings(method="blur")), "can be undone in part"),
        # a view of 640 pixels is enlarged to 832
        (replace(USUAL, detector=DetectorSettings(long_side_px=208)), "at 25% of the usual scale"),
        (replace(USUAL, detector=DetectorSettings(name="haar")), "by the detector haar, usually"),
        (replace(USUAL, detector=DetectorSettings(weights="a.safetensors")), "from a file"),
    ],
)
def test_what_hides_or_finds_less_than_usual_is_said(
    options: DeidentifyOptions, words: str
) -> None:
    [sentence] = lowered_safety(options, ROOM)
    assert words in sentence


@pytest.mark.parametrize(
    "options",
    [
        USUAL,
        replace(USUAL, smoothing=SmoothingSettings.from_threshold(0.3)),
        replace(USUAL, redaction=RedactionSettings.scaled(1.5)),
        replace(USUAL, detector=DetectorSettings(long_side_px=832)),
        replace(USUAL, detector=DetectorSettings(long_side_px=1280)),
    ],
)
def test_what_is_usual_or_more_is_not_said(options: DeidentifyOptions) -> None:
    assert lowered_safety(options, ROOM) == []


def test_looks_that_are_rarer_than_usual_are_said(tmp_path: Path) -> None:
    # 20 frames per second: usually every second one
    source = open_job_video(write_wall(tmp_path / "wall.mp4", 60), USUAL)
    assert (
        sparse_detection(source, DetectionStride())
        == sparse_detection(source, DetectionStride(1))
        == []
    )
    assert sparse_detection(source, DetectionStride(2)) == []
    [sentence] = sparse_detection(source, DetectionStride(10))
    assert "up to 0.5 seconds apart, usually 0.1" in sentence
    [sentence] = sparse_detection(source, DetectionStride(1000))
    assert "up to 3 seconds apart" in sentence or "up to 2.9 seconds apart" in sentence


def test_frames_that_players_stretch_as_no_recorder_does_are_named() -> None:
    usual = (Fraction(1), Fraction(4, 3), Fraction(32, 11), Fraction(1, 2))
    assert [unlikely_stretch(each) for each in usual] == [[], [], [], []]
    [sentence] = unlikely_stretch(Fraction(4))
    assert "its pixels are 4:1" in sentence
    assert unlikely_stretch(Fraction(1, 4)) != []
