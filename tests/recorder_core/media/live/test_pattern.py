from __future__ import annotations

from fractions import Fraction

import av
import numpy as np
import pytest

from recorder_core.media import Frame, is_flash, read_pattern_number
from recorder_core.media.live.pattern import (
    CLAP_SECONDS,
    begins_second,
    paint_pattern,
    pattern_samples,
)
from recorder_core.model import FrameFormat

NUMBERS = [1, 31, 2_045_545, 2**24 - 1, 2**24 + 5]


def _painted(number: int, width: int = 640, height: int = 360, rate: float = 30.0) -> Frame:
    frame_format = FrameFormat(
        width=width, height=height, pixel_format="yuv420p", time_base=Fraction(1, 30)
    )
    frame = Frame.black(frame_format, frame_index=0, pts=number, duration=1)
    paint_pattern(frame, frame_format, number, rate)
    return frame


@pytest.mark.parametrize("number", NUMBERS)
@pytest.mark.parametrize("size", [(1920, 1080), (1280, 720), (160, 120)])
def test_the_number_is_read_back(number: int, size: tuple[int, int]) -> None:
    assert read_pattern_number(_painted(number, *size).planes.y) == number % 2**24


@pytest.mark.parametrize("size", [(480, 270), (240, 136), (1920, 1080), (301, 169)])
def test_the_number_is_read_however_the_picture_was_scaled(size: tuple[int, int]) -> None:
    scaled = _painted(1_234_567).av_frame.reformat(*size, format="gray")
    assert read_pattern_number(scaled.to_ndarray()) == 1_234_567


def test_the_number_survives_a_lossy_encoder() -> None:
    encoder = av.CodecContext.create("libx264", "w")
    encoder.width, encoder.height, encoder.pix_fmt = 640, 360, "yuv420p"
    encoder.time_base, encoder.options = Fraction(1, 30), {"qp": "40", "preset": "ultrafast"}
    decoder = av.CodecContext.create("h264", "r")
    packets = [*encoder.encode(_painted(777_777).av_frame), *encoder.encode(None)]
    shown = [each for packet in [*packets, None] for each in decoder.decode(packet)]
    assert [read_pattern_number(each.to_ndarray(format="gray")) for each in shown] == [777_777]


def test_other_pictures_have_no_number() -> None:
    assert read_pattern_number(np.full((360, 640), 16, np.uint8)) is None
    assert read_pattern_number(np.full((360, 640), 235, np.uint8)) is None
    assert read_pattern_number(np.full((360, 640), 125, np.uint8)) is None
    noise = np.random.default_rng(0).integers(0, 256, (360, 640)).astype(np.uint8)
    assert read_pattern_number(noise) is None


@pytest.mark.parametrize("rate", [25.0, 30.0, 30000 / 1001, 60.0])
def test_one_picture_of_each_second_is_white(rate: float) -> None:
    first = int(1000 * rate) + 1
    flashes = [n for n in range(first, first + int(10 * rate)) if begins_second(n, rate)]
    assert len(flashes) in (9, 10)
    assert all(0 <= n / rate - int(n / rate) < 1 / rate for n in flashes)
    for number in (flashes[0], flashes[0] + 1):
        frame = _painted(number, rate=rate)
        assert is_flash(frame.planes.y) is (number == flashes[0])
        assert read_pattern_number(frame.planes.y) == number


@pytest.mark.parametrize("rate", [48_000, 44_100, 16_000])
def test_a_clap_begins_with_each_second(rate: int) -> None:
    sound = pattern_samples(7 * rate - rate // 2, 2 * rate, rate, 2)
    assert sound.dtype == np.float32
    assert sound.shape == (2 * rate, 2)
    assert np.abs(sound).max() <= 1
    loud = np.flatnonzero(np.abs(sound[:, 0]) > 0.3) - rate // 2
    starts = loud[np.flatnonzero(np.diff(loud, prepend=-rate) > rate // 2)]
    assert list(starts) == [0, rate]
    assert loud.max() < rate + CLAP_SECONDS * rate


def test_samples_do_not_depend_on_how_they_are_asked_for() -> None:
    whole = pattern_samples(123, 96_000, 48_000, 1)
    parts = [pattern_samples(123 + at, 960, 48_000, 1) for at in range(0, 96_000, 960)]
    assert np.array_equal(whole, np.concatenate(parts))
