"""Sources and content that the tests of composites share."""

from __future__ import annotations

from fractions import Fraction
from typing import Any

import numpy as np

from recorder_core.composite import SignalBoard
from recorder_core.media import Frame
from recorder_core.model import FrameFormat, Planes
from recorder_core.tables import SignalRow

__all__ = ["bis_board", "frame_of", "plain_frame", "rows_of"]


def frame_of(luma: Any, **tags: Any) -> Frame:
    """Return a grey frame of a source."""
    height, width = luma.shape
    half = np.full(((height + 1) // 2, (width + 1) // 2), 128, np.uint8)
    return _frame(Planes(np.asarray(luma, np.uint8), half, half), **tags)


def plain_frame(width: int, height: int, yuv: tuple[int, int, int], **tags: Any) -> Frame:
    """Return a frame of one colour."""
    half = (height + 1) // 2, (width + 1) // 2
    y = np.full((height, width), yuv[0], np.uint8)
    return _frame(
        Planes(y, np.full(half, yuv[1], np.uint8), np.full(half, yuv[2], np.uint8)), **tags
    )


def _frame(planes: Planes, **tags: Any) -> Frame:
    given: dict[str, Any] = {"pixel_format": "yuv420p", "time_base": Fraction(1, 30)}
    given |= {"color_matrix": 1, "color_range": 1, **tags}
    frame_format = FrameFormat(width=planes.width, height=planes.height, **given)
    return Frame.of_planes(planes, frame_format, frame_index=0, pts=0, duration=1)


def rows_of(seconds: float, **values: float) -> list[SignalRow]:
    """Return what a monitor gives at a moment."""
    units = {"bis": "", "sqi": "%", "emg": "dB", "sr": "%"}
    return [SignalRow(name, units[name], seconds, value) for name, value in values.items()]


def bis_board(*silent: tuple[float, float], stop: float = 600.0) -> SignalBoard:
    """Return a board with an index of 40 every five seconds, but for some spans."""
    board = SignalBoard()
    for seconds in np.arange(0.0, stop, 5.0).tolist():
        if not any(start <= seconds < end for start, end in silent):
            board.add(rows_of(seconds, bis=40.0, sqi=93.0, emg=27.4, sr=3.0))
    return board
