"""The audio of a source on the clock of an event, silent in its pauses."""

from __future__ import annotations

import math
from collections import deque
from typing import Final

import numpy as np

from recorder_core.capture.audio_clock import AudioClock
from recorder_core.capture.source import AudioSource, Samples
from recorder_core.jobs.record.pauses import Pauses
from recorder_core.model import EventClock

__all__ = ["RecordedAudio"]

_SAMPLE_RATE: Final = 48_000
#: of which the level is the loudest
_LEVEL_SECONDS: Final = 1.0
#: what is as good as silent; 16 bits hold no less
_MIN_DBFS: Final = -96.0


class RecordedAudio:
    """Audio of which sample n is heard n / `sample_rate` seconds after the start of the event.

    Parameters
    ----------
    source : AudioSource
        Started.
    clock : EventClock
        Of the event.
    pauses : Pauses
        In which it is silent.
    """

    def __init__(self, source: AudioSource, clock: EventClock, pauses: Pauses) -> None:
        self._source, self._clock, self._pauses = source, clock, pauses
        self._audio = AudioClock(clock.zero_monotonic_seconds, source.channels, _SAMPLE_RATE)
        self._count = 0
        #: second of the event -> highest sample, of the last second
        self._peaks: deque[tuple[float, float]] = deque()

    @property
    def sample_rate(self) -> int:
        """Samples per second."""
        return _SAMPLE_RATE

    @property
    def level_dbfs(self) -> float:
        """Peak of what was taken of the last second, dB below full scale; -96 where it is silent.

        Any thread may ask.
        """
        peak = max((peak for _, peak in tuple(self._peaks)), default=0.0)
        return max(20 * math.log10(peak), _MIN_DBFS) if peak > 0 else _MIN_DBFS

    def take_until(self, room_seconds: float) -> Samples:
        """Return what follows, up to a moment at most; what has not come until now is silent.

        Parameters
        ----------
        room_seconds : float
            By the room's clock; some time ago, so that it has arrived.
        """
        for block in self._source.take():
            self._audio.add(block)
        samples = self._audio.read(self._clock.zero_monotonic_seconds + room_seconds)
        first, self._count = self._count, self._count + len(samples)
        for start, stop in self._pauses.spans:
            begin = max(0, math.floor(start * _SAMPLE_RATE) - first)
            end = len(samples) if math.isinf(stop) else math.ceil(stop * _SAMPLE_RATE) - first
            samples[begin : max(end, 0)] = 0.0
        self._note_level(samples, room_seconds)
        return samples

    def _note_level(self, samples: Samples, room_seconds: float) -> None:
        while self._peaks and self._peaks[0][0] <= room_seconds - _LEVEL_SECONDS:
            self._peaks.popleft()
        if samples.size:
            self._peaks.append((room_seconds, float(np.abs(samples).max())))
