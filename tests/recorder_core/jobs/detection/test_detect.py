from __future__ import annotations

from typing import Any

from recorder_core.jobs import DetectOptions, detect_in_video
from recorder_core.jobs.inputs.stride import DetectionStride
from tests.conftest import JUMPS, WALL


def _options(drawn: Any, **changes: Any) -> DetectOptions:
    return DetectOptions(detector=drawn.options.detector, **changes)


def test_a_video_gives_a_row_for_each_picture_that_was_looked_at(drawn: Any) -> None:
    progress: list[tuple[int, int]] = []
    stride = DetectionStride(4, 5)
    table, source = detect_in_video(
        drawn.source, _options(drawn, stride=stride), lambda *now: progress.append(now)
    )
    frames = table.to_frames()
    assert [frame.frame_index for frame in frames] == sorted({*range(0, 60, 4), *JUMPS})
    assert [frame.pts for frame in frames] == [
        int(source.index.pts[frame.frame_index]) for frame in frames
    ]
    certain = [int((frame.scores > 0.5).sum()) for frame in frames]
    assert certain == [0 if frame.frame_index in WALL else 3 for frame in frames]
    assert progress == [(13, 60), (28, 60), (37, 60), (53, 60), (57, 60)]


def test_a_span_of_a_video(drawn: Any) -> None:
    table, _ = detect_in_video(
        drawn.source,
        _options(drawn, stride=DetectionStride(1), start_seconds=1.0, stop_seconds=1.2),
    )
    assert [frame.frame_index for frame in table.to_frames()] == [20, 21, 22, 23]
