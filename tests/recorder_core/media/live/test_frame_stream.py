from __future__ import annotations

import gc
from collections.abc import Callable
from fractions import Fraction
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import av
import numpy as np
import pytest
from av.filter.graph import Graph
from av.video.stream import VideoStream
from numpy.typing import NDArray

from recorder_core.media import Damaged, Frame
from recorder_core.media.live.camera_fields import field_order, read_field_order
from recorder_core.media.live.deinterlacing import FieldOrder
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


FIELDS = 24


def _woven(number: int) -> av.VideoFrame:
    """Return a frame of two fields: a bar is further right in the later one, the lower rows."""
    luma = np.full((96, 160), 40, np.uint8)
    for field in (0, 1):
        left = 4 * (2 * number + field)
        luma[field::2, left : left + 24] = 200
    planes = np.concatenate([luma, np.full((48, 160), 128, np.uint8)])
    return av.VideoFrame.from_ndarray(planes, format="yuv420p")


def _interlaced(path: Path, codec: str, options: dict[str, str]) -> Path:
    marked = Graph()  # so that the encoder writes which field is earlier
    source = marked.add_buffer(width=160, height=96, format="yuv420p", time_base=Fraction(1, 25))
    marked.link_nodes(source, marked.add("setfield", "tff"), marked.add("buffersink")).configure()
    with av.open(str(path), "w") as container:
        stream = container.add_stream(codec, rate=25, options=options)
        stream.width, stream.height, stream.pix_fmt = 160, 96, "yuv420p"
        for number in range(FIELDS // 2):
            frame = _woven(number)
            frame.pts, frame.time_base = number, Fraction(1, 25)
            marked.push(frame)
            container.mux(stream.encode(marked.vpull()))
        container.mux(stream.encode())
    return path


def _combing(luma: NDArray[np.uint8]) -> float:
    """Return how much each row differs from the mean of its neighbours."""
    rows = luma.astype(np.float64)
    return float(np.abs(rows[1:-1] - (rows[:-2] + rows[2:]) / 2).mean())


@pytest.mark.parametrize(
    ("codec", "options", "order"),
    [
        ("libx264", {"flags": "+ildct+ilme", "x264-params": "qp=10:bframes=0"}, None),
        ("rawvideo", {}, "top"),  # as a camera gives it: its driver alone says that it has fields
    ],
)
def test_frames_of_two_fields_become_whole_ones_at_the_moment_of_the_first(
    tmp_path: Path, codec: str, options: dict[str, str], order: FieldOrder | None
) -> None:
    path = _interlaced(tmp_path / "fields.nut", codec, options)
    with av.open(str(path)) as container:
        woven = [frame.to_ndarray()[:96] for frame in container.decode(video=0)]
    with av.open(str(path)) as container:
        stream = FrameStream(container.streams.video[0], order=order)
        packets = [each for each in container.demux(stream.stream) if each.size]
        stamps = sorted(float(each.pts * each.time_base) for each in packets)
        frames = [each for packet in packets for each in stream.decode(packet)]
    shown = [each for each in frames if isinstance(each, Frame)]
    assert len(shown) == len(frames) == len(woven) - 1  # each is whole when the next is there
    assert [each.seconds for each in shown] == pytest.approx(stamps[:-1])
    assert not any(each.format.interlaced for each in shown)
    for number in range(2, len(shown) - 2):
        luma = shown[number].planes.y
        assert _combing(luma) < _combing(woven[number]) / 4
        bright = np.flatnonzero(luma.mean(0) > 120)
        assert abs(bright[0] - 8 * number) <= 2


@pytest.mark.parametrize(
    ("field", "height", "order"),
    [(1, 1080, None), (4, 576, "top"), (4, 480, "bottom"), (8, 480, "top"), (9, 1080, "bottom")],
)
def test_what_a_driver_says_of_its_fields(field: int, height: int, order: str | None) -> None:
    # struct v4l2_format of a 64-bit system: 208 bytes, its union begins at 8
    answer = b"".join(each.to_bytes(4, "little") for each in (1, 0, 720, height, 0, field))
    assert read_field_order(answer.ljust(208, b"\0")) == order


def test_what_is_no_camera_has_no_fields(tmp_path: Path) -> None:
    (tmp_path / "video0").touch()
    assert field_order(str(tmp_path / "video0")) is None
    assert field_order(str(tmp_path / "video1")) is None
