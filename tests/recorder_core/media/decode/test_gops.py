from __future__ import annotations

import math
from collections.abc import Callable
from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from recorder_core.media import (
    EncoderSettings,
    FrameIndex,
    MediaInfo,
    decode_at_keyframes,
    decode_frames,
    list_gops,
    psnr_y,
    write_segment,
)
from recorder_core.model import Planes

Opened = Callable[..., tuple[MediaInfo, FrameIndex]]


@pytest.fixture
def encoded(opened: Opened, settings: EncoderSettings, tmp_path: Path) -> Path:
    info, index = opened(rate=Fraction(10))
    path = tmp_path / "encoded.mp4"
    write_segment(path, info.video, settings, decode_frames(info, index))
    return path


def test_gops_cover_the_file(encoded: Path) -> None:
    gops = list_gops(encoded)
    spans = [(gop.first_index, gop.stop_index) for gop in gops]
    assert spans == [(0, 10), (10, 20), (20, 30), (30, 40)]
    assert len({gop.sha256 for gop in gops}) == 4
    assert all(gop.size_bytes > 0 for gop in gops)


def test_the_first_frames_of_the_gops_around_some_times(
    encoded: Path, read_number: Callable[[Any], int]
) -> None:
    found = list(decode_at_keyframes(encoded, [0.0, 0.7, 2.05, 3.9], 2))
    numbers = [[read_number(each.frame.planes.y) for each in gop] for gop in found]
    assert numbers == [[0, 1], [0, 1], [20, 21], [30, 31]]
    assert [each.seconds for each in found[2]] == pytest.approx([2.0, 2.1])


def test_a_file_that_ends_earlier_gives_what_it_has(opened: Opened) -> None:
    short, _ = opened("short.mp4", rate=Fraction(10), frames=1)
    assert [len(each) for each in decode_at_keyframes(short.file.path, [0.0], 2)] == [1]


def planes(level: int, size: tuple[int, int] = (8, 8)) -> Planes:
    chroma = np.zeros((size[0] // 2, size[1] // 2), np.uint8)
    return Planes(np.full(size, level, np.uint8), chroma, chroma)


def test_psnr_by_hand() -> None:
    assert math.isinf(psnr_y(planes(7), planes(7)))
    assert psnr_y(planes(10), planes(15)) == pytest.approx(20 * math.log10(255 / 5), abs=1e-6)
    assert psnr_y(planes(15), planes(10)) == psnr_y(planes(10), planes(15))
    assert psnr_y(planes(0), planes(255)) == pytest.approx(0.0)


def test_psnr_of_chosen_pixels() -> None:
    a, b = planes(10), planes(10)
    b.y[:4] = 200
    where = np.zeros((8, 8), bool)
    where[4:] = True
    assert math.isinf(psnr_y(a, b, where))
    assert psnr_y(a, b, ~where) == pytest.approx(20 * math.log10(255 / 190), abs=1e-6)
