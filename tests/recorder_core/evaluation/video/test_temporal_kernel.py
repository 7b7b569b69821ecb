from __future__ import annotations

import math

import numpy as np
import pytest

from recorder_core.deidentify.boxes import Box
from recorder_core.deidentify.smoothing import SkippedFrame
from recorder_core.errors import SettingsError
from recorder_core.evaluation.video.temporal_kernel import temporal_kernel
from recorder_core.model import FrameDetections, Redaction, View

VIEW = View(0, 0, 640, 360)


def _face(x: float) -> Box:
    return (x - 20, 80.0, x + 20, 120.0)


def _frame(index: int, *seen: tuple[Box, float]) -> FrameDetections:
    return FrameDetections(
        index,
        index,
        np.array([box for box, _ in seen], np.float32).reshape(-1, 4),
        np.array([score for _, score in seen], np.float32),
    )


def _origins(decided: dict[int, list[Redaction]]) -> str:
    """One letter per frame: d, f, or a dot."""
    return "".join(each[0].origin[0] if each else "." for each in decided.values())


def test_kernel_repairs_a_short_miss_but_not_a_long_one() -> None:
    scores = [0.9] * 5 + [0.0] * 2 + [0.9] * 5 + [0.0] * 20
    frames = [_frame(i, *([(_face(100), s)] if s else [])) for i, s in enumerate(scores)]
    decided = temporal_kernel(frames, VIEW, radius_frames=3)
    assert _origins(decided) == "d" * 5 + "f" * 2 + "d" * 5 + "f" * 3 + "." * 17


def test_kernel_reaches_over_frames_that_were_not_looked_at() -> None:
    frames = [_frame(i, (_face(100), 0.9)) if i % 3 == 0 else SkippedFrame(i, i) for i in range(10)]
    assert _origins(temporal_kernel(frames, VIEW, radius_frames=2)) == "dffdffdffd"


def test_kernel_takes_the_enclosing_box_that_overlap() -> None:
    frames = [_frame(0, (_face(100), 0.9)), _frame(1, (_face(110), 0.8), (_face(300), 0.7))]
    (first, second) = temporal_kernel(frames, VIEW, radius_frames=1)[0]
    assert first.box_xyxy_px == (80, 80, 130, 120)
    assert (first.origin, first.score, first.track) == ("detected", pytest.approx(0.9), -1)
    assert second.box_xyxy_px == _face(300)
    assert second.origin == "filled"
    assert math.isnan(second.score)


def test_kernel_ignores_low_scores_and_clips_to_the_view() -> None:
    frames = [_frame(0, (_face(0), 0.9), (_face(300), 0.4), (_face(900), 0.9))]
    (only,) = temporal_kernel(frames, VIEW)[0]
    assert only.box_xyxy_px == (0, 80, 20, 120)


def test_kernel_refuses_a_negative_radius() -> None:
    with pytest.raises(SettingsError):
        temporal_kernel([], VIEW, radius_frames=-1)
