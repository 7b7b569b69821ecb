"""Composed frames on their way to the encoder: a bounded queue.

Who composes never waits for it: where it is full a frame is left out.
"""

from __future__ import annotations

import threading
from collections import deque
from fractions import Fraction
from typing import Final

from recorder_core.media import Frame

__all__ = ["FrameQueue"]

#: how long the encoder may be held up before frames are left out; a crash loses so much more
_QUEUE_SECONDS: Final = 1
#: what part of that is full when others should leave the processor to the encoder
_BEHIND_PART: Final = 0.25


class FrameQueue:
    """Frames between two threads.

    Parameters
    ----------
    frame_rate : Fraction
        Frames per second.
    """

    def __init__(self, frame_rate: Fraction) -> None:
        self._limit = max(2, round(_QUEUE_SECONDS * frame_rate))
        self._changed = threading.Condition()
        self._ready: deque[Frame] = deque()
        self._behind = round(_BEHIND_PART * self._limit)
        self._count, self._is_over = 0, False

    @property
    def count(self) -> int:
        """How many frames were taken in."""
        return self._count

    @property
    def is_behind(self) -> bool:
        """Whether so many frames wait that others should leave the processor to the encoder."""
        return len(self._ready) > self._behind

    def offer(self, frame: Frame) -> bool:
        """Add a frame, with its index in the video; return False where the queue is full."""
        with self._changed:
            if len(self._ready) == self._limit:
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
