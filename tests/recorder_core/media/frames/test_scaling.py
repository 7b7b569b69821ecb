"""Frames of any size, depth and colour become BT.709 of limited range."""

from __future__ import annotations

from fractions import Fraction

import numpy as np
import pytest

from recorder_core.errors import EncodeError
from recorder_core.media import Frame, FrameScaler, planes_of_picture
from recorder_core.model import FrameFormat, Planes

#: weights of red and blue in the luma: ITU-R BT.601-7, BT.709-6 and BT.2020-2
WEIGHTS = {1: (0.2126, 0.0722), 5: (0.299, 0.114), 9: (0.2627, 0.0593)}
COLORS = [(200, 30, 40), (20, 180, 60), (30, 40, 220), (128, 128, 128), (255, 255, 255), (0, 0, 0)]


def levels(rgb: tuple[int, int, int], matrix: int, *, is_full: bool) -> tuple[float, float, float]:
    """Return Y, U and V of a colour by the definitions."""
    red_weight, blue_weight = WEIGHTS[matrix]
    red, green, blue = (value / 255 for value in rgb)
    luma = red_weight * red + (1 - red_weight - blue_weight) * green + blue_weight * blue
    u, v = (blue - luma) / (2 - 2 * blue_weight), (red - luma) / (2 - 2 * red_weight)
    if is_full:
        return 255 * luma, 128 + 255 * u, 128 + 255 * v
    return 16 + 219 * luma, 128 + 224 * u, 128 + 224 * v


def frame_of(levels_yuv: tuple[float, float, float], **tags: int | str) -> Frame:
    given = {"pixel_format": "yuv420p", "time_base": Fraction(1, 25), **tags}
    frame_format = FrameFormat(width=96, height=64, **given)  # type: ignore[arg-type]
    y, u, v = (min(255, max(0, round(level))) for level in levels_yuv)
    half = (32, 48)
    planes = Planes(
        np.full((64, 96), y, np.uint8), np.full(half, u, np.uint8), np.full(half, v, np.uint8)
    )
    return Frame.of_planes(planes, frame_format, frame_index=3, pts=7, duration=2)


@pytest.mark.parametrize("color", COLORS)
@pytest.mark.parametrize("matrix", WEIGHTS)
@pytest.mark.parametrize(
    ("level", "pixel_format"), [(1, "yuv420p"), (2, "yuv420p"), (0, "yuvj420p")]
)
def test_a_colour_stays_whatever_the_matrix_and_the_range(
    color: tuple[int, int, int], matrix: int, level: int, pixel_format: str
) -> None:
    given = levels(color, matrix, is_full=level != 1)
    frame = frame_of(given, color_matrix=matrix, color_range=level, pixel_format=pixel_format)
    scaled = FrameScaler(48, 32).scale(frame)
    assert (scaled.width, scaled.height) == (48, 32)
    assert (scaled.full_range, scaled.matrix) == (False, "bt709")
    came = [int(plane[plane.shape[0] // 2, 10]) for plane in (scaled.y, scaled.u, scaled.v)]
    assert came == pytest.approx(levels(color, 1, is_full=False), abs=4)
    # what has to be neither converted nor scaled stays as it is
    if (matrix, level) == (1, 1):
        assert came == [round(value) for value in given]


def test_made_smaller_is_the_mean_of_the_pixels() -> None:
    luma = np.random.default_rng(3).integers(16, 236, (60, 120)).astype(np.uint8)
    half = np.full((30, 60), 128, np.uint8)
    tags = {"color_matrix": 1, "color_range": 1}
    frame_format = FrameFormat(
        width=120, height=60, pixel_format="yuv420p", time_base=Fraction(1, 25), **tags
    )  # type: ignore[arg-type]
    frame = Frame.of_planes(
        Planes(luma, half, half), frame_format, frame_index=0, pts=0, duration=1
    )
    scaled = FrameScaler(40, 20).scale(frame).y.astype(int)
    means = luma.reshape(20, 3, 40, 3).mean(axis=(1, 3))
    assert np.abs(scaled - means).max() <= 1.5


def test_ten_bits_become_eight() -> None:
    frame_format = FrameFormat(
        width=64, height=48, pixel_format="yuv420p10le", time_base=Fraction(1, 25),
        color_matrix=1, color_range=1, sample_bits=10,
    )  # fmt: skip
    frame = Frame.black(frame_format, frame_index=0, pts=0, duration=1)
    frame.writable().y[:] = 180
    frame.commit([(0, 0, 64, 48)])
    # libswscale dithers
    scaled = FrameScaler(32, 24).scale(frame).y.astype(int)
    assert np.abs(scaled - 180).max() <= 1


def test_a_frame_of_planes_is_a_copy() -> None:
    frame = frame_of((90, 100, 110), color_matrix=5)
    assert (frame.frame_index, frame.pts, frame.duration, frame.format.color_matrix) == (3, 7, 2, 5)
    planes = Planes(
        *(np.array(plane) for plane in (frame.planes.y, frame.planes.u, frame.planes.v))
    )
    copy = Frame.of_planes(planes, frame.format, frame_index=0, pts=0, duration=1)
    planes.y[:] = 0
    assert (copy.planes.y == 90).all()
    small = FrameFormat(width=64, height=64, pixel_format="yuv420p", time_base=Fraction(1, 25))
    with pytest.raises(EncodeError, match="planes of 96x64 and 8 bits are no frame of 64x64"):
        Frame.of_planes(planes, small, frame_index=0, pts=0, duration=1)


@pytest.mark.parametrize("color", COLORS)
def test_a_drawn_picture_has_its_colours(color: tuple[int, int, int]) -> None:
    planes = planes_of_picture(np.full((16, 24, 3), color, np.uint8))
    came = [int(planes.y[5, 5]), int(planes.u[3, 3]), int(planes.v[3, 3])]
    assert came == pytest.approx(levels(color, 1, is_full=False), abs=1.5)
