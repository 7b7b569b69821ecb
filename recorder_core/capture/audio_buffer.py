"""The audio of a source that waits for whoever records it."""

from __future__ import annotations

import threading
from collections import deque
from dataclasses import replace
from typing import Final

from recorder_core.capture.source import AudioBlock, SourceCounters

__all__ = ["AudioBuffer"]

#: what waits longer is dropped
_KEPT_SECONDS: Final = 10.0


class AudioBuffer:
    """Keeps blocks until they are taken, and counts them; used by two threads."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._waiting: deque[AudioBlock] = deque()
        self._seconds = 0.0
        self._counters = SourceCounters()
        #: whether what comes next follows a block that was dropped
        self._is_cut = False

    @property
    def counters(self) -> SourceCounters:
        """What became of the blocks so far."""
        with self._lock:
            return self._counters

    def put(self, block: AudioBlock) -> None:
        """Add a block that has arrived; the oldest are dropped where too much waits."""
        with self._lock:
            self._counters = replace(self._counters, received=self._counters.received + 1)
            self._waiting.append(block)
            self._seconds += _lasts(block)
            while self._seconds > _KEPT_SECONDS and len(self._waiting) > 1:
                self._seconds -= _lasts(self._waiting.popleft())
                self._counters = replace(self._counters, dropped=self._counters.dropped + 1)
                self._is_cut = True

    def put_invalid(self) -> None:
        """Count a block that could not be read."""
        with self._lock:
            self._counters = replace(self._counters, invalid=self._counters.invalid + 1)

    def take(self) -> list[AudioBlock]:
        """Return what has arrived since the last call."""
        with self._lock:
            blocks, self._seconds = list(self._waiting), 0.0
            self._waiting.clear()
            used = self._counters.used + len(blocks)
            self._counters = replace(self._counters, used=used)
            if blocks and self._is_cut:
                blocks[0] = replace(blocks[0], is_joined=False)
                self._is_cut = False
            return blocks


def _lasts(block: AudioBlock) -> float:
    return len(block.samples) / block.sample_rate
