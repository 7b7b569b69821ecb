"""The audio of a source on the clock of an event, silent in its pauses."""

from __future__ import annotations

import math
from typing import Final

from recorder_core.capture.sound_clock import SoundClock
from recorder_core.capture.source import AudioSource, Samples
from recorder_core.jobs.record.pauses import Pauses
from recorder_core.model import EventClock

__all__ = ["RecordedAudio"]

_SAMPLE_RATE: Final = 48_000


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
        self._sound = SoundClock(clock.zero_monotonic_seconds, source.channels, _SAMPLE_RATE)
        self._count = 0

    @property
    def sample_rate(self) -> int:
        """Samples per second."""
        return _SAMPLE_RATE

    def take_until(self, event_seconds: float) -> Samples:
        """Return what follows, up to a moment at most; what has not come until now is silent.

        Parameters
        ----------
        event_seconds : float
            By the event's clock; some time ago, so that it has arrived.
        """
        for block in self._source.take():
            self._sound.add(block)
        samples = self._sound.read(self._clock.zero_monotonic_seconds + event_seconds)
        first, self._count = self._count, self._count + len(samples)
        for start, stop in self._pauses.spans:
            begin = max(0, math.floor(start * _SAMPLE_RATE) - first)
            end = len(samples) if math.isinf(stop) else math.ceil(stop * _SAMPLE_RATE) - first
            samples[begin : max(end, 0)] = 0.0
        return samples
