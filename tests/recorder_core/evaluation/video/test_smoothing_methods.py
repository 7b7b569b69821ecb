from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from fractions import Fraction

import numpy as np

from recorder_core.deidentify.smoothing import SkippedFrame
from recorder_core.evaluation.video.smoothing_methods import (
    MethodSettings,
    redact_by_method,
    subsample_detections,
)
from recorder_core.model import FrameDetections, View

SETTINGS = MethodSettings(View(0, 0, 640, 360), Fraction(1, 30))


def _frames(*scores: float) -> list[FrameDetections]:
    box = np.array([[80, 80, 120, 120]], np.float32)
    return [
        FrameDetections(i, i, box if s else box[:0], np.array([s] if s else [], np.float32))
        for i, s in enumerate(scores)
    ]


def _hidden(decided: Mapping[int, Sequence[object]]) -> str:
    return "".join("x" if row else "." for row in decided.values())


def test_methods_start_from_the_same_detections_and_differ_in_what_they_repair() -> None:
    frames = _frames(0.9, 0.9, *[0.0] * 12, 0.9, 0.2)
    decided = redact_by_method(frames, SETTINGS)
    assert list(decided) == ["before", "temporal_kernel", "after"]
    shown = {name: _hidden(rows) for name, rows in decided.items()}
    assert shown["before"] == "xx" + "." * 12 + "x."
    assert shown["temporal_kernel"] == "xxxxx" + "." * 6 + "xxxxx"
    assert shown["after"] == "x" * 16


def test_kernels_of_any_reach_can_be_compared() -> None:
    settings = replace(SETTINGS, kernels={"near": 1, "far": 4})
    decided = redact_by_method(_frames(0.0, 0.0, 0.0, 0.0, 0.9), settings)
    assert list(decided) == ["before", "near", "far", "after"]
    assert [_hidden(decided[name]) for name in ("near", "far")] == ["...xx", "xxxxx"]


def test_detections_between_detection_frames_are_forgotten() -> None:
    chosen = np.array([True, False, True, False, False])
    frames = subsample_detections(_frames(*[0.9] * 5), chosen)
    assert [isinstance(each, SkippedFrame) for each in frames] == [not each for each in chosen]
