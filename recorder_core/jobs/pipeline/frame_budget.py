"""A queue between two threads that counts frames and bytes, and can be closed.

The paper halts its reader at 500 frames; a 1080p frame is 3.1 MB, so that alone
would be 1.5 GB. Here one budget of frames *and* bytes covers every frame between
the decoder and the encoder, wherever it waits, so memory stays flat.

References
----------
.. [1] Mobilon et al., J. Health Inform. 16 (2024), "AI Code and Optimizations".
"""

from __future__ import annotations

import threading
from collections import deque
from typing import Final, Generic, TypeVar

from recorder_core.errors import Cancelled

__all__ = ["MAX_FRAMES", "ClosableQueue", "FrameBudget"]

T = TypeVar("T")

#: the paper's queue capacity, in frames
MAX_FRAMES: Final = 500
#: how often a waiting thread looks whether the run was stopped
_POLL_SECONDS: Final = 0.2


class FrameBudget:
    """How many frames and bytes may be between the decoder and the encoder."""

    def __init__(self, max_frames: int, max_bytes: int) -> None:
        self._max_frames = max_frames
        self._max_bytes = max_bytes
        self._frames = 0
        self._bytes = 0
        self._changed = threading.Condition()
        self._stopped = False

    def acquire(self, frame_bytes: int) -> None:
        """Wait until one more frame fits; one frame alone always fits.

        Raises
        ------
        Cancelled
            If `stop` was called.
        """
        with self._changed:
            while not self._stopped and self._frames and not self._fits(frame_bytes):
                self._changed.wait(_POLL_SECONDS)
            if self._stopped:
                raise Cancelled("the run was stopped")
            self._frames += 1
            self._bytes += frame_bytes

    def _fits(self, frame_bytes: int) -> bool:
        return self._frames < self._max_frames and self._bytes + frame_bytes <= self._max_bytes

    def release(self, frame_bytes: int) -> None:
        """Release the room of one frame."""
        with self._changed:
            self._frames -= 1
            self._bytes -= frame_bytes
            self._changed.notify()

    def stop(self) -> None:
        """Wake every waiting thread and let none acquire again."""
        with self._changed:
            self._stopped = True
            self._changed.notify_all()


class ClosableQueue(Generic[T]):
    """First in, first out; the budget bounds it, so `put` never waits."""

    def __init__(self) -> None:
        self._items: deque[T] = deque()
        self._changed = threading.Condition()
        self._error: BaseException | None = None
        self._closed = False

    def put(self, item: T) -> None:
        """Append one item."""
        with self._changed:
            self._items.append(item)
            self._changed.notify()

    def close(self, error: BaseException | None = None) -> None:
        """Close the queue: no more items come, or the producer failed."""
        with self._changed:
            self._closed = True
            self._error = self._error or error
            self._changed.notify_all()

    def get(self) -> T | None:
        """Return the next item; None when the queue is closed and empty.

        Raises
        ------
        BaseException
            The producer's error, at once, even when items are left.
        """
        with self._changed:
            while not self._items and not self._closed:
                self._changed.wait(_POLL_SECONDS)
            if self._error is not None:
                raise self._error
            return self._items.popleft() if self._items else None
