"""Composed frames on their way to the encoder: a bounded queue.

Who composes never waits for it: where it is full a frame is left out.
"""

from __future__ import annotations

import threading
from collections import deque
from fractions import Fraction
from typing import Final

from recorder_core.media import Frame
from recorder_core.model import FrameFormat

__all__ = ["FrameQueue"]

#: how long the encoder may be held up before frames are left out; a crash loses so much more
_QUEUE_SECONDS: Final = 4
#: and what its frames take at most: that many seconds of 1920x1080 at 30 frames a second
_QUEUE_BYTES: Final = 384 << 20
#: of how many seconds others should leave the processor to the encoder
_BEHIND_SECONDS: Final = 0.25


class FrameQueue:
    """Frames between two threads.

    Parameters
    ----------
    frame_format : FrameFormat
        Of the frames, of 8 bits.
    frame_rate : Fraction
        Frames per second.
    """

    def __init__(self, frame_format: FrameFormat, frame_rate: Fraction) -> None:
        fits = _QUEUE_BYTES // (frame_format.width * frame_format.height * 3 // 2)
        self._max_ready = max(2, min(round(_QUEUE_SECONDS * frame_rate), fits))
        self._changed = threading.Condition()
        self._ready: deque[Frame] = deque()
        self._behind = round(_BEHIND_SECONDS * frame_rate)
        self._count, self._is_over = 0, False

    @property
    def count(self) -> int:
        """How many frames were taken in."""
        return self._count

    @property
    def has_waiting(self) -> bool:
        """Whether a frame waits, or none will come any more."""
        return bool(self._ready) or self._is_over

    @property
    def is_behind(self) -> bool:
        """Whether so many frames wait that others should leave the processor to the encoder."""
        return len(self._ready) > self._behind

    @property
    def is_full(self) -> bool:
        """Whether a frame that is offered now would be left out."""
        return len(self._ready) == self._max_ready

    def offer(self, frame: Frame) -> bool:
        """Add a frame, with its index in the video; return False where the queue is full."""
        with self._changed:
            if self.is_full:
                return False
            frame.frame_index = self._count
            self._count += 1
            self._ready.append(frame)
            self._changed.notify_all()
            return True

    def end(self) -> None:
        """End it: what is in it is still taken, and nothing follows."""
        with self._changed:
            self._is_over = True
            self._changed.notify_all()

    def take(self) -> Frame | None:
        """Wait for the next frame and return it; None at the end."""
        with self._changed:
            self._changed.wait_for(lambda: self._ready or self._is_over)
            return self._ready.popleft() if self._ready else None
