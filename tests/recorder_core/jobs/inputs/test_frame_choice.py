from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from recorder_core.jobs import DetectOptions
from recorder_core.jobs.inputs.frame_choice import FrameChoice, block_means
from recorder_core.jobs.inputs.job_video import open_job_video
from recorder_core.jobs.inputs.stride import DetectionStride
from recorder_core.model import Planes, View
from tests.conftest import JUMPS

ROOM = View(41, 30, 211, 133)


class _Shown:
    """A frame that shows a picture."""

    def __init__(self, frame_index: int, luma: NDArray[np.uint8]) -> None:
        chroma = np.full((96, 192), 128, np.uint8)
        self.frame_index, self.planes = frame_index, Planes(luma, chroma, chroma)


def _picture(seed: int) -> NDArray[np.uint8]:
    """Return a picture of 12 x 24 squares."""
    squares = np.random.default_rng(seed).integers(40, 200, (12, 24), dtype=np.uint8)
    return squares.repeat(16, axis=0).repeat(16, axis=1)


def _due(choice: FrameChoice, frames: Iterable[Any]) -> list[int]:
    """Return which of the frames are searched."""
    due = []
    for each in frames:
        is_due = choice.is_due(each)
        due += [each.frame_index - 1] * choice.is_before_due + [each.frame_index] * is_due
    return due


def _chosen(pictures: Sequence[NDArray[np.uint8]]) -> list[int]:
    """Return which of the pictures are searched, of which every fifth is anyway."""
    choice = FrameChoice(np.arange(len(pictures)) % 5 == 0, ROOM)
    return _due(choice, (_Shown(index, luma) for index, luma in enumerate(pictures)))


def test_a_block_has_the_mean_of_its_pixels() -> None:
    luma = np.arange(192 * 384, dtype=np.uint32).reshape(192, 384) % 251
    whole = _Shown(0, luma.astype(np.uint8)).planes
    view = View(64, 24, 256, 144)
    expected = luma[24:168, 64:320].reshape(18, 8, 32, 8).mean(axis=(1, 3))
    assert block_means(whole, view) == pytest.approx(expected)
    # a small view has fewer pixels than samples
    assert (
        block_means(_Shown(0, _picture(1)).planes, View(16, 16, 3, 2)) == _picture(1)[16, 16]
    ).all()


def test_noise_and_lamps_choose_no_frame() -> None:
    numbers = np.random.default_rng(3)
    picture = _picture(1).astype(np.int64)
    pictures = [
        (picture + numbers.integers(-20, 21, picture.shape) + index % 3 * 4).astype(np.uint8)
        for index in range(20)
    ]
    assert _chosen(pictures) == [0, 5, 10, 15]


def test_the_frames_on_both_sides_of_a_jump_are_chosen() -> None:
    pictures = [_picture(2 if index in (6, 7, 13) else 1) for index in range(20)]
    assert _chosen(pictures) == [0, 5, 6, 7, 8, 10, 12, 13, 14, 15]


def test_only_an_altogether_other_picture_comes_after_a_cut() -> None:
    choice = FrameChoice(np.arange(10) % 5 == 0, ROOM)
    somebody, flash = _picture(1), _picture(1) // 2 + np.uint8(110)
    somebody[50:140, 60:120] = 250
    pictures = [_picture(1), _picture(1), somebody, _picture(1), flash, flash, _picture(1)]
    cuts = []
    for index, luma in enumerate(pictures):
        choice.is_due(_Shown(index, luma))  # type: ignore[arg-type]
        cuts += [index] * choice.is_cut
    assert cuts == [4, 6]


def test_where_a_picture_changes_step_by_step_one_more_frame_is_chosen() -> None:
    pictures = [_picture(1) // 2 + np.uint8(5 * index) for index in range(15)]
    assert _chosen(pictures) == [0, 3, 5, 8, 10, 13]


def test_a_small_part_that_changes_for_an_instant_is_searched() -> None:
    """A tile of a 25th of the view shows a face for one frame, and for two."""
    pictures = [_picture(1) for _ in range(20)]
    for index in (7, 12, 13):
        pictures[index][60:100, 180:220] = _picture(1)[60:100, 180:220] // 2 + np.uint8(130)
    # somebody walks beside it, by less than what a face measures
    for index, luma in enumerate(pictures):
        luma[110:150, 60 + 2 * index : 90 + 2 * index] = 20
    assert _chosen(pictures) == [0, 5, 7, 10, 13, 15]


def test_every_frame_of_a_time_lapse_is_chosen() -> None:
    """In front of a wall that stays, somebody stands elsewhere in each."""
    pictures = [_picture(1) for _ in range(12)]
    for index, luma in enumerate(pictures):
        left = 45 + 83 * index % 170
        luma[60:124, left : left + 32] = 250
    assert _chosen(pictures) == list(range(12))


def test_what_is_outside_the_view_chooses_no_frame() -> None:
    pictures = [_picture(index) for index in range(11)]
    for luma in pictures:
        luma[30:163, 41:252] = _picture(1)[30:163, 41:252]
    assert _chosen(pictures) == [0, 5, 10]


def test_a_run_that_goes_on_chooses_as_if_it_had_not_stopped(drawn_source: Path) -> None:
    source = open_job_video(drawn_source, DetectOptions())
    for stride, usual in ((DetectionStride(), range(0, 60, 2)), (DetectionStride(20), (0, 20, 40))):
        due = _due(source.frame_choice(stride), source.frames(0, 60))
        assert set(due) - {59} == {*usual, *JUMPS}
        for first in (11, 13, 28, 29, 33, 34):
            earlier = range(max(each for each in due if each < first), first)
            rest = source.frame_choice(stride, earlier=earlier)
            assert _due(rest, source.frames(first, 60)) == [each for each in due if each >= first]
    also = source.frame_choice(DetectionStride(20), also=[7])
    assert _due(also, source.frames(0, 11)) == [0, 7]
