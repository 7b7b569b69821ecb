"""A test picture and a test tone that say when they were made.

Every picture carries its number in black and white cells, which a program reads back from a
composite however much it was scaled, and in digits for people. Pictures and samples are counted on
the monotonic clock itself: picture n is that of the moment n / rate, so that any two test signals
of a machine are in step. Whenever a whole second begins, one picture is white and a clap is heard.
"""

from __future__ import annotations

from functools import cache
from itertools import pairwise
from typing import Final

import numpy as np
from numpy.typing import NDArray

from recorder_core.media.frames.frame import Frame
from recorder_core.model import FrameFormat, Planes

__all__ = [
    "CLAP_SECONDS",
    "begins_second",
    "is_flash",
    "paint_pattern",
    "pattern_samples",
    "read_pattern_number",
]

#: luma of black, of white and of the bars between them; limited range (ITU-R BT.709)
_BLACK, _WHITE = 16, 235
_BARS: Final = np.array([180, 168, 145, 133, 63, 51, 28], np.uint8)
_BARS_U: Final = np.array([128, 44, 147, 63, 193, 109, 212], np.uint8)
_BARS_V: Final = np.array([128, 136, 44, 52, 204, 212, 120], np.uint8)
_GRAY: Final = 128
#: the number stands in the lowest eighth: a white cell, its bits from the highest, a black cell
_NUMBER_SHARE: Final = 8
_BITS: Final = 24
_CELLS: Final = _BITS + 2
#: luma of a cell that is neither black nor white
_UNCLEAR: Final = (90, 160)
#: mean luma above which a picture is white
_FLASH_LUMA: Final = 210
#: segments of a digit: top, upper left, upper right, middle, lower left, lower right, bottom
_SEGMENTS: Final = (
    "1110111", "0010010", "1011101", "1011011", "0111010",
    "1101011", "1101111", "1010010", "1111111", "1111011",
)  # fmt: skip
#: a tone of whole periods in a second, and how loud; a clap, how long and how loud
_TONE_HZ, _TONE_PEAK = 440, 0.05
CLAP_SECONDS: Final = 0.02
_CLAP_PEAK: Final = 0.8
#: the clap is always the same noise
_CLAP_SEED: Final = 7


def begins_second(number: int, rate: float) -> bool:
    """Return whether picture `number` is the first of a whole second."""
    return number == 0 or int(number / rate) != int((number - 1) / rate)


def paint_pattern(frame: Frame, frame_format: FrameFormat, number: int, rate: float) -> None:
    """Paint the picture of a moment.

    Parameters
    ----------
    frame : Frame
        Written to; in limited range.
    frame_format : FrameFormat
        Of it.
    number : int
        Of the picture, counted on the monotonic clock.
    rate : float
        Pictures per second.
    """
    planes = frame.writable()
    if begins_second(number, rate):
        planes.y[:], planes.u[:], planes.v[:] = _WHITE, _GRAY, _GRAY
    else:
        bars = np.arange(frame_format.width) * len(_BARS) // frame_format.width
        half = np.arange(planes.u.shape[1]) * len(_BARS) // planes.u.shape[1]
        planes.y[:], planes.u[:], planes.v[:] = _BARS[bars], _BARS_U[half], _BARS_V[half]
    _paint_number(planes, number)
    _paint_digits(planes, number)


def read_pattern_number(luma: NDArray[np.uint8]) -> int | None:
    """Return the number of a test picture, modulo 2**24; None where it cannot be read.

    Parameters
    ----------
    luma : ndarray of uint8, shape (H, W)
        Of the picture alone, scaled as it may be.
    """
    height, width = luma.shape
    top = height - height // _NUMBER_SHARE
    row = luma[top + (height - top) // 4 : height - (height - top) // 4]
    edges = np.arange(_CELLS + 1) * width / _CELLS
    margin = width / _CELLS / 4
    cells = [
        float(row[:, int(left + margin) : max(int(right - margin), int(left + margin) + 1)].mean())
        for left, right in pairwise(edges)
    ]
    if any(_UNCLEAR[0] < cell < _UNCLEAR[1] for cell in cells):
        return None
    lit = [cell > _UNCLEAR[0] for cell in cells]
    if not lit[0] or lit[-1]:
        return None
    return sum(bit << (_BITS - 1 - place) for place, bit in enumerate(lit[1:-1]))


def is_flash(luma: NDArray[np.uint8]) -> bool:
    """Return whether a test picture is the white one with which a second begins."""
    return float(luma[: luma.shape[0] // 4].mean()) > _FLASH_LUMA


def pattern_samples(first: int, count: int, sample_rate: int, channels: int) -> NDArray[np.float32]:
    """Return the sound of a span of the monotonic clock: a quiet tone, and claps.

    Parameters
    ----------
    first, count : int
        Samples since the clock's zero.
    sample_rate : int
        Per second.
    channels : int
        All alike.

    Returns
    -------
    ndarray of float32, shape (count, channels)
        -1 to 1.
    """
    place = np.arange(first, first + count) % sample_rate
    tone = _TONE_PEAK * np.sin(2 * np.pi * _TONE_HZ * place / sample_rate)
    clap = _clap(sample_rate)
    is_clap = place < len(clap)
    sound = tone + np.where(is_clap, clap[np.minimum(place, len(clap) - 1)], 0)
    return np.repeat(sound.astype(np.float32)[:, None], channels, axis=1)


@cache
def _clap(sample_rate: int) -> NDArray[np.float64]:
    noise = np.random.default_rng(_CLAP_SEED).uniform(-1, 1, round(CLAP_SECONDS * sample_rate))
    clap = _CLAP_PEAK * noise * np.linspace(1, 0, len(noise))
    clap[0] = _CLAP_PEAK
    return np.asarray(clap)


def _paint_number(planes: Planes, number: int) -> None:
    height, width = planes.height, planes.width
    top = height - height // _NUMBER_SHARE
    planes.u[-(-top // 2) :], planes.v[-(-top // 2) :] = _GRAY, _GRAY
    bits = [1, *(number >> (_BITS - 1 - place) & 1 for place in range(_BITS)), 0]
    cells = np.arange(width) * _CELLS // width
    planes.y[top:] = np.where(np.array(bits)[cells], _WHITE, _BLACK)


def _paint_digits(planes: Planes, number: int) -> None:
    """Write the number in the middle, in digits of seven segments."""
    text = str(number)
    tall = planes.height // 6
    wide, thick = tall // 2, max(tall // 10, 1)
    left = (planes.width - len(text) * (wide + 2 * thick)) // 2
    top = planes.height // 2 - tall // 2
    if left < 0 or tall < 10:
        return
    planes.y[top - thick : top + tall + thick, left - thick : planes.width - left] = _BLACK
    for place, digit in enumerate(text):
        _paint_digit(planes.y, int(digit), left + place * (wide + 2 * thick), top, tall)


def _paint_digit(luma: NDArray[np.uint8], digit: int, left: int, top: int, tall: int) -> None:
    wide, thick, half = tall // 2, max(tall // 10, 1), tall // 2
    right, bottom = left + wide - thick, top + tall - thick
    boxes = (
        (left, top, wide, thick),
        (left, top, thick, half),
        (right, top, thick, half),
        (left, top + half - thick // 2, wide, thick),
        (left, top + half, thick, half),
        (right, top + half, thick, half),
        (left, bottom, wide, thick),
    )
    for (x, y, width, height), is_on in zip(boxes, _SEGMENTS[digit], strict=True):
        if is_on == "1":
            luma[y : y + height, x : x + width] = _WHITE
