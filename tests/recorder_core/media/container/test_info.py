from __future__ import annotations

from dataclasses import replace
from fractions import Fraction

import pytest

from recorder_core.media import VideoInfo

VIDEO = VideoInfo(
    stream_index=0,
    codec="h264",
    width=1920,
    height=1080,
    pixel_format="yuv420p",
    time_base=Fraction(1, 90000),
    average_frame_rate=Fraction(30),
    bit_rate_bps=7_000_000,
    start_pts=0,
    frame_count=None,
)


@pytest.mark.parametrize(
    ("tag", "height", "matrix"),
    [
        (1, 480, "bt709"),
        (5, 1080, "bt601"),
        (9, 1080, "bt2020"),
        (2, 1080, "bt709"),
        (2, 480, "bt601"),
    ],
)
def test_the_matrix_is_the_tag_or_a_guess(tag: int, height: int, matrix: str) -> None:
    assert replace(VIDEO, color_matrix=tag, height=height).matrix == matrix


def test_full_range_is_a_tag_or_a_format() -> None:
    assert not VIDEO.full_range
    assert replace(VIDEO, color_range=2).full_range
    assert replace(VIDEO, color_range=2).working_format == "yuv420p"
    assert replace(VIDEO, pixel_format="yuvj422p").full_range
    assert replace(VIDEO, pixel_format="yuvj422p").working_format == "yuvj420p"


def test_seconds() -> None:
    assert VIDEO.seconds(135_000) == 1.5
