from __future__ import annotations

from typing import Any

from recorder_core.jobs import DetectOptions, detect_in_video
from recorder_core.jobs.inputs.stride import DetectionStride


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
