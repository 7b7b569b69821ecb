from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
import pytest

from recorder_core.evaluation.video.stability import StabilityReport, measure_stability
from recorder_core.model import FrameDetections, Redaction, View

VIEW = View(0, 0, 320, 180)
BOX = (100.0, 60.0, 140.0, 110.0)
PTS_SECONDS = 0.1


def _detections(scores: Sequence[float]) -> list[FrameDetections]:
    box = np.array([BOX], np.float32)
    return [
        FrameDetections(i, i, box if s else box[:0], np.array([s] if s else [], np.float32))
        for i, s in enumerate(scores)
    ]


def _redactions(shown: str, step_px: float = 0.0) -> dict[int, list[Redaction]]:
    """Redact the box in every frame marked with x, each time moved on by a step."""
    x0, y0, x1, y1 = BOX
    return {
        index: [Redaction(index, (x0 + index * step_px, y0, x1 + index * step_px, y1), "filled",
                          0, math.nan)]
        for index, mark in enumerate(shown)
        if mark == "x"
    }  # fmt: skip


def _measure(shown: str, scores: Sequence[float] | None = None, step: float = 0) -> StabilityReport:
    detections = _detections(scores or [0.9] * len(shown))
    return measure_stability(detections, _redactions(shown, step), PTS_SECONDS, VIEW)


def test_a_redaction_that_goes_out_and_comes_back_has_blinked() -> None:
    report = _measure("xxx..xxx.xx")
    assert (report.blinks, report.longest_blink_frames) == (2, 2)
    assert report.redacted_frames_share == pytest.approx(8 / 11)


def test_one_that_comes_back_late_or_never_has_not() -> None:
    assert _measure("xx" + "." * 12 + "xx").blinks == 0
    assert _measure("xxx....").blinks == 0
    assert _measure("xxxxx").longest_blink_frames == 0


def test_shake_is_how_far_boxes_jump() -> None:
    assert _measure("xxxx").shake == 0.0
    # a shift by a quarter of the width leaves 3/5 of the union
    assert _measure("xxxx", step=10).shake == pytest.approx(0.4)
    assert math.isnan(_measure("x.x.x").shake)


def test_sure_and_uncertain_detections_are_hidden_or_not() -> None:
    report = _measure("xx..", scores=[0.9, 0.3, 0.8, 0.2])
    assert report.sure_hidden_share == 0.5
    assert report.uncertain_hidden_share == 0.5
    assert math.isnan(_measure("xx", scores=[0.9, 0.7]).uncertain_hidden_share)


def test_the_area_is_a_share_of_the_view() -> None:
    half, whole = _measure("x.").area_share, _measure("xx").area_share
    assert whole == pytest.approx(2 * half)
    # the ellipse is larger than the face's box
    assert 40 * 50 / (320 * 180) < whole < 0.15
