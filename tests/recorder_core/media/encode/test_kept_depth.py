from __future__ import annotations

from fractions import Fraction
from pathlib import Path
from typing import Any

import av
import numpy as np
import pytest

from recorder_core.errors import EncodeError
from recorder_core.media import (
    EncoderSettings,
    Frame,
    MediaInfo,
    decode_frames,
    index_frames,
    keep_depth,
    probe,
)
from recorder_core.media.container.sample_depth import lost_bits
from recorder_core.media.frames.frame import plane_array
from recorder_core.model import FrameFormat

HEVC = EncoderSettings(encoder="libx265")


def _deep(path: Path, pixel_format: str) -> MediaInfo:
    """Write two frames of noise without loss."""
    numbers = np.random.default_rng(3)
    with av.open(str(path), "w") as container:
        stream = container.add_stream("ffv1", rate=25)
        stream.width, stream.height, stream.pix_fmt = 96, 64, pixel_format
        for index in range(2):
            frame = av.VideoFrame(96, 64, pixel_format)
            bits = frame.format.components[0].bits
            for number, plane in enumerate(frame.planes):
                samples = plane_array(frame, number)
                samples[:] = numbers.integers(64, 2**bits - 64, (plane.height, plane.width))
            frame.pts, frame.time_base = index, Fraction(1, 25)
            container.mux(stream.encode(frame))
        container.mux(stream.encode(None))
    return keep_depth(probe(path), HEVC)


def _first(info: MediaInfo) -> Frame:
    return next(decode_frames(info, index_frames(info)))


def _samples(info: MediaInfo) -> list[np.ndarray[Any, Any]]:
    """What PyAV alone decodes of the first frame."""
    with info.file.open() as file, av.open(file) as container:
        frame = next(container.decode(video=0))
        return [plane_array(frame, number).copy() for number in range(3)]


@pytest.mark.parametrize(
    ("pixel_format", "bits", "lost"),
    [
        ("yuv420p", 8, []),
        ("yuv420p10le", 10, []),
        ("yuv422p", 8, ["4:2:2 colour (yuv422p): it becomes 4:2:0"]),
        ("yuv444p", 8, ["4:4:4 colour (yuv444p): it becomes 4:2:0"]),
        ("yuv422p10le", 10, ["4:2:2 colour (yuv422p10le): it becomes 4:2:0"]),
        ("gbrp10le", 10, ["RGB colour (gbrp10le): it becomes 4:2:0"]),
        ("yuva420p", 8, ["transparency (yuva420p)"]),
        ("gray", 8, []),
        ("yuv420p12le", 10, ["12 bits per sample (yuv420p12le): they become 10 bits"]),
        ("gray10le", 8, ["10 bits per sample (gray10le): they become 8 bits"]),
    ],
)
def test_the_depth_that_hevc_keeps(
    tmp_path: Path, pixel_format: str, bits: int, lost: list[str]
) -> None:
    info = _deep(tmp_path / "a.mkv", pixel_format)
    assert info.video.format.sample_bits == bits
    assert list(info.lost_of_pixels) == lost
    wanted = "yuv420p10le" if bits == 10 else "yuv420p"
    frame = _first(info)
    assert frame.av_frame.format.name == info.video.format.working_format == wanted
    assert frame.planes.y.dtype == np.uint8


def test_h264_keeps_eight_bits_and_says_so(tmp_path: Path) -> None:
    _deep(tmp_path / "a.mkv", "yuv420p10le")
    info = probe(tmp_path / "a.mkv")
    assert keep_depth(info, EncoderSettings()) == info
    assert list(info.lost_of_pixels) == lost_bits("yuv420p10le")
    assert info.video.format.working_format == "yuv420p"


def test_planes_show_the_upper_bits_and_areas_are_committed_whole(tmp_path: Path) -> None:
    info = _deep(tmp_path / "a.mkv", "yuv420p10le")
    source, frame = _samples(info), _first(info)
    before = frame.planes
    assert np.array_equal(before.y, source[0] >> 2)
    after = frame.writable()
    after.y[10:30, 20:40] = 77
    after.u[5:15, 10:20] = 99
    with pytest.raises(EncodeError, match="frame 0 was changed and not committed"):
        _ = frame.av_frame
    frame.commit([(21, 11, 41, 31)])
    y, u, v = (plane_array(frame.av_frame, number) for number in range(3))
    # inside the area every sample is what was written, lower bits included
    assert np.array_equal(y[11:31, 21:41], after.y[11:31, 21:41].astype(np.uint16) << 2)
    assert np.array_equal(u[5:16, 10:21], after.u[5:16, 10:21].astype(np.uint16) << 2)
    assert (v[5:16, 10:21] & 3 == 0).all()
    outside = np.ones((64, 96), bool)
    outside[11:31, 21:41] = False
    assert np.array_equal(y[outside], source[0][outside])
    assert np.array_equal(before.y, source[0] >> 2)


def test_black_is_black_in_both_depths() -> None:
    usual, deep = (
        Frame.black(
            FrameFormat(
                width=96, height=64, pixel_format=name, time_base=Fraction(1, 25), sample_bits=bits
            ),
            frame_index=0,
            pts=0,
            duration=1,
        ).av_frame
        for name, bits in (("yuv420p", 8), ("yuv420p10le", 10))
    )
    assert (usual.format.name, deep.format.name) == ("yuv420p", "yuv420p10le")
    assert [plane_array(usual, number).max() for number in range(3)] == [16, 128, 128]
    for number in range(3):
        levels = plane_array(usual, number).astype(np.uint16)
        assert np.array_equal(plane_array(deep, number), levels << 2)
