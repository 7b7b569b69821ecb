"""Frames whose buffers are used again: a new buffer of 1080p costs more than filling it."""

from __future__ import annotations

import sys
from collections.abc import Callable
from typing import Final

import av

from recorder_core.media.frames.frame import Frame, plane_array
from recorder_core.model import FrameFormat, Planes

__all__ = ["FramePool"]

#: who holds a free buffer: the pool, and the question itself
_OWN_REFERENCES: Final = 2
#: of buffers that nobody holds so many are kept, as after an encoder was held up
_MAX_FREE: Final = 16


class FramePool:
    """Makes frames of one format; a buffer is used again once nobody in Python holds its frame.

    What an encoder still reads stays as it is: FFmpeg counts who reads a buffer, and such a frame
    gets another one.

    Parameters
    ----------
    frame_format : FrameFormat
        Of all its frames; 8 bits.
    """

    def __init__(self, frame_format: FrameFormat) -> None:
        self._format = frame_format
        self._buffers: list[av.VideoFrame] = []

    def painted(
        self, paint: Callable[[Planes], None], *, frame_index: int, pts: int, duration: int
    ) -> Frame:
        """Return a frame after it was painted.

        Parameters
        ----------
        paint : callable
            Writes every sample of the planes that it gets: they hold what an earlier frame held.
        frame_index, pts, duration : int
            Of the frame.
        """
        buffer = self._free_buffer()
        y, u, v = (plane_array(buffer, number) for number in range(3))
        paint(Planes(y, u, v, full_range=self._format.full_range, matrix=self._format.matrix))
        buffer.pts, buffer.time_base = pts, self._format.time_base
        return Frame(buffer, self._format, frame_index=frame_index, pts=pts, duration=duration)

    def _free_buffer(self) -> av.VideoFrame:
        free = [
            place
            for place in range(len(self._buffers))
            if sys.getrefcount(self._buffers[place]) <= _OWN_REFERENCES
        ]
        for place in reversed(free[_MAX_FREE:]):
            del self._buffers[place]
        if free:
            self._buffers[free[0]].make_writable()
            return self._buffers[free[0]]
        size = self._format.width, self._format.height
        self._buffers.append(av.VideoFrame(*size, self._format.working_format))
        return self._buffers[-1]
