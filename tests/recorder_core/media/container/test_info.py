from __future__ import annotations

from fractions import Fraction

from recorder_core.media import VideoInfo
from recorder_core.model import FrameFormat

FORMAT = FrameFormat(width=1920, height=1080, pixel_format="yuv420p", time_base=Fraction(1, 90000))
VIDEO = VideoInfo(
    stream_index=0,
    codec="h264",
    format=FORMAT,
    average_frame_rate=Fraction(30),
    bit_rate_bps=7_000_000,
    start_pts=-90_000,
    frame_count=None,
)


def test_a_video_is_as_its_frames_are() -> None:
    assert (VIDEO.width, VIDEO.height) == (1920, 1080)
    assert VIDEO.time_base == Fraction(1, 90000)
    assert VIDEO.geometry == FORMAT.geometry


def test_seconds() -> None:
    assert VIDEO.seconds(135_000) == 1.5
    assert VIDEO.shown_seconds(135_000) == 2.5
    assert VIDEO.origin_pts == -90_000
