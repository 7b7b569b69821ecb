from __future__ import annotations

import gc
from collections.abc import Callable
from fractions import Fraction
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import av
import pytest
from av.video.stream import VideoStream

from recorder_core.media import Damaged, Frame
from recorder_core.media.live.frame_stream import FrameStream


@pytest.mark.parametrize(
    ("average", "guessed", "expected"),
    [
        (Fraction(30000, 1001), None, 30000 / 1001),
        (None, Fraction(25), 25.0),
        (Fraction(90_000), Fraction(15), 15.0),
        (Fraction(90_000), Fraction(180_000), None),
        (None, None, None),
    ],
)
def test_a_rate_that_no_camera_has_is_not_believed(
    average: Fraction | None, guessed: Fraction | None, expected: float | None
) -> None:
    said = SimpleNamespace(
        average_rate=average, guessed_rate=guessed, time_base=None, sample_aspect_ratio=None
    )
    rate = FrameStream(cast("VideoStream", said)).frame_rate
    assert rate == (None if expected is None else pytest.approx(expected))


def _lent_frames() -> list[av.VideoFrame]:
    """Return the decoded frames that something still holds."""
    return [each for each in gc.get_objects() if type(each) is av.VideoFrame and each.width]


@pytest.mark.parametrize("pixel_format", ["yuv420p", "yuyv422", "rgb24"])
def test_frames_in_memory_that_an_input_takes_back_are_copied(
    make_video: Callable[..., Path], read_number: Callable[[Any], int], pixel_format: str
) -> None:
    path = make_video("raw.nut", codec="rawvideo", frames=3, options={}, pixel_format=pixel_format)
    gc.collect()
    before = {id(each) for each in _lent_frames()}
    with av.open(str(path)) as container:
        stream = FrameStream(container.streams.video[0], is_lent=True)
        for number, packet in enumerate(container.demux(stream.stream)):
            start, stop = packet.buffer_ptr, packet.buffer_ptr + packet.size
            for each in stream.decode(packet):
                assert isinstance(each, Frame)
                assert read_number(each.planes.y) == number
                assert each.pts == packet.pts
            kept = [each for each in _lent_frames() if id(each) not in before]
            assert not any(start <= each.planes[0].buffer_ptr < stop for each in kept)


def test_frames_may_change_their_size_while_a_camera_runs(
    make_video: Callable[..., Path], read_number: Callable[[Any], int]
) -> None:
    settings: dict[str, Any] = {"frames": 6, "options": {"bf": "0"}}
    small = make_video("small.ts", **settings)
    large = make_video("large.ts", width=160, height=96, **settings)
    both = small.with_name("both.ts")
    both.write_bytes(small.read_bytes() + large.read_bytes())
    with av.open(str(both)) as container:
        stream = FrameStream(container.streams.video[0])
        frames = [
            each for packet in container.demux(stream.stream) for each in stream.decode(packet)
        ]
    assert not any(isinstance(each, Damaged) for each in frames)
    shown = [each for each in frames if isinstance(each, Frame)]
    assert [each.planes.y.shape for each in shown] == [(64, 96)] * 6 + [(96, 160)] * 6
    assert [read_number(each.planes.y) for each in shown] == [0, 1, 2, 3, 4, 5] * 2
    assert [each.frame_index for each in shown] == list(range(12))
