"""Buffers are used again where nobody holds them, and nowhere else."""

from __future__ import annotations

from collections.abc import Callable
from fractions import Fraction
from typing import Any

from recorder_core.media import Frame, FramePool
from recorder_core.model import FrameFormat, Planes

FORMAT = FrameFormat(width=64, height=48, pixel_format="yuv420p", time_base=Fraction(1, 30))


def painting(level: int) -> Callable[[Planes], None]:
    def paint(planes: Planes) -> None:
        planes.y[:], planes.u[:], planes.v[:] = level, 128, 128

    return paint


def address(frame: Frame) -> int:
    plane: Any = frame.av_frame.planes[0]
    return int(plane.buffer_ptr)


def test_a_buffer_is_used_again_once_nobody_holds_its_frame() -> None:
    pool = FramePool(FORMAT)
    places = set()
    for level in range(20, 30):
        frame = pool.painted(painting(level), frame_index=level, pts=level, duration=1)
        assert (frame.frame_index, frame.pts, frame.av_frame.pts) == (level, level, level)
        assert frame.av_frame.time_base == FORMAT.time_base
        places.add(address(frame))
    assert len(places) == 2


def test_frames_that_are_held_stay_as_they_are() -> None:
    pool = FramePool(FORMAT)
    held = [
        pool.painted(painting(level), frame_index=level, pts=level, duration=1)
        for level in range(20, 60)
    ]
    assert [int(frame.planes.y[5, 5]) for frame in held] == list(range(20, 60))


def test_few_buffers_stay_once_many_frames_were_held() -> None:
    pool = FramePool(FORMAT)
    held = [pool.painted(painting(20), frame_index=0, pts=0, duration=1) for _ in range(60)]
    assert len(pool._buffers) == 60
    held.clear()
    pool.painted(painting(30), frame_index=0, pts=0, duration=1)
    assert len(pool._buffers) == 16


def test_planes_outlive_their_frame() -> None:
    pool = FramePool(FORMAT)
    planes = [
        pool.painted(painting(level), frame_index=0, pts=0, duration=1).planes
        for level in range(20, 30)
    ]
    assert [int(each.y[5, 5]) for each in planes] == list(range(20, 30))


def test_a_changed_frame_does_not_change_the_next() -> None:
    pool = FramePool(FORMAT)
    for level in range(20, 30):
        frame = pool.painted(painting(level), frame_index=0, pts=0, duration=1)
        assert (frame.planes.y == level).all()
        frame.writable().y[:] = 200
