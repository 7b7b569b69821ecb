from __future__ import annotations

from dataclasses import replace
from fractions import Fraction
from typing import Any

import pytest

from recorder_core.errors import SettingsError
from recorder_core.model import FrameFormat, Orientation

#: of a camera, without a file
CAMERA = FrameFormat(width=1920, height=1080, pixel_format="yuv420p", time_base=Fraction(1, 90000))
#: a quarter turn to the right (ISO/IEC 14496-12, 6.2.2), in FFmpeg's numbers
TURNED = (0, 65536, 0, -65536, 0, 0, 0, 0, 1 << 30)


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
    assert replace(CAMERA, color_matrix=tag, height=height).matrix == matrix


def test_full_range_is_a_tag_or_a_format() -> None:
    assert not CAMERA.full_range
    assert replace(CAMERA, color_range=2).full_range
    assert replace(CAMERA, color_range=2).working_format == "yuv420p"
    assert replace(CAMERA, pixel_format="yuvj422p").full_range
    assert replace(CAMERA, pixel_format="yuvj422p").working_format == "yuvj420p"
    assert replace(CAMERA, sample_bits=10).working_format == "yuv420p10le"


def test_frames_are_shown_as_the_format_says() -> None:
    assert CAMERA.geometry.shown_size_px == (1920, 1080)
    turned = replace(CAMERA, display_matrix=TURNED, sample_aspect_ratio=Fraction(4, 3))
    assert turned.orientation == Orientation(turns=3)
    assert turned.geometry.shown_size_px == (1080, 2560)
    assert turned.seconds(135_000) == 1.5


@pytest.mark.parametrize(
    ("wrong", "sentence"),
    [
        ({"width": 0}, "frames are 0x1080"),
        ({"height": 540.5}, "height is of the type float"),
        ({"time_base": Fraction(0)}, "the time_base is 0"),
        ({"time_base": 0.04}, "time_base is of the type float"),
        ({"sample_aspect_ratio": Fraction(-1)}, "the sample_aspect_ratio is -1"),
        ({"color_matrix": 256}, "the color_matrix is 256"),
        ({"color_transfer": -1}, "the color_transfer is -1"),
        ({"color_range": 3}, "the color_range is 3"),
        ({"sample_bits": 12}, "samples have 12 bits"),
        ({"display_matrix": (1, 0, 0, 1)}, "the display_matrix has 4 numbers"),
    ],
)
def test_a_format_that_frames_cannot_have_is_refused(wrong: dict[str, Any], sentence: str) -> None:
    with pytest.raises(SettingsError, match=sentence):
        replace(CAMERA, **wrong)
