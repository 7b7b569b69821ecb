"""The audio of a source on the clock of an event: as many samples as the clock has, and in step.

A card counts its samples by its own clock. `AudioClock` fits that clock (`CardClock`) and follows
it by resampling a little faster or slower, which changes so slowly that nobody hears it; nothing is
cut out or doubled. Where nothing has come, there is silence, with short fades at its edges.
"""

from __future__ import annotations

from collections import deque
from typing import Final

import numpy as np
from numpy.typing import NDArray

from recorder_core.capture.audio_clock_fit import CardClock
from recorder_core.capture.audio_clock_resampling import Interpolator
from recorder_core.capture.source import AudioBlock, Samples

__all__ = ["AudioClock"]

#: what is made at once
_CHUNK_SECONDS: Final = 0.02
#: of fades at the edges of silence
_FADE_SECONDS: Final = 0.005
#: what is off is made good in about this time, by so much more or less speed at most
_FOLLOW_SECONDS, _MAX_CORRECTION = 4.0, 5e-4
#: by which part the speed may change in a second
_MAX_CHANGE: Final = 1e-3
#: what is further off is no drift: it begins anew, with a fade
_LOST_STEP_SECONDS: Final = 0.03
#: of a run that nobody plays, as while an event is paused
_MAX_KEPT_SECONDS: Final = 30.0


class AudioClock:
    """Puts the audio of a source onto the clock of an event.

    Parameters
    ----------
    zero_seconds : float
        Second 0 of the event, by `time.monotonic`; the first sample that is read is of it.
    channels : int
        Of the blocks, and of what is read.
    sample_rate : int
        Of what is read, samples per second.

    Attributes
    ----------
    silent_samples : int
        Of those read so far, how many are silent because nothing had come.
    breaks : int
        How often the audio began anew after a gap, or where samples were missing.
    """

    def __init__(self, zero_seconds: float, channels: int, sample_rate: int = 48_000) -> None:
        self._zero, self._channels, self._rate = zero_seconds, channels, sample_rate
        self._chunk = round(_CHUNK_SECONDS * sample_rate)
        self._fade = round(_FADE_SECONDS * sample_rate)
        self._runs: deque[_Run] = deque()
        self._made = 0
        self._is_playing = False
        #: samples since the last silence, until the audio is as loud as it is
        self._faded = 0
        self.silent_samples = 0
        self.breaks = 0

    @property
    def rate_error(self) -> float:
        """By which part the card is faster than its nominal rate; 0 while there is none."""
        return self._runs[0].clock.rate_error if self._runs else 0.0

    def add(self, block: AudioBlock) -> None:
        """Add a block, in the order of their arrival."""
        run = self._runs[-1] if self._runs else None
        if run is None or not block.is_joined or run.sample_rate != block.sample_rate:
            run = _Run(block.sample_rate, self._channels, self._rate)
            self._runs.append(run)
        run.append(block.samples, block.seconds)
        run.trim(_MAX_KEPT_SECONDS)

    def read(self, until_seconds: float) -> Samples:
        """Return all samples from those read before up to a moment, in steps of 20 ms.

        What has not come until then is silent: read some time after the moment.

        Parameters
        ----------
        until_seconds : float
            By `time.monotonic`.

        Returns
        -------
        ndarray of float32, shape (n, channels)
        """
        due = int((until_seconds - self._zero) * self._rate)
        pieces = [np.empty((0, self._channels), np.float32)]
        while self._made + self._chunk <= due:
            pieces.append(self._next_chunk(self._zero + self._made / self._rate))
            self._made += self._chunk
        return np.concatenate(pieces)

    def _next_chunk(self, seconds: float) -> Samples:
        self._leave_runs(seconds)
        run = self._runs[0] if self._runs else None
        if run is None:
            return self._silence()
        if self._is_playing:
            is_step = abs(run.off_seconds(seconds)) > _LOST_STEP_SECONDS
            ready = run.ready(self._end_of(seconds))
            if is_step or ready < self._chunk + self._fade:
                return self._fade_out(run, min(ready, self._chunk))
            return run.audio(run.advance(seconds, self._chunk)) * self._gain(self._chunk)
        run.seek(seconds)
        if not run.begins_within(self._chunk) or (
            run.ready(self._end_of(seconds)) < self._chunk + self._fade
        ):
            return self._silence()
        return self._fade_in(run, seconds)

    def _fade_in(self, run: _Run, seconds: float) -> Samples:
        self._is_playing = True
        self.breaks += 1
        positions = run.advance(seconds, self._chunk)
        silent = int(np.searchsorted(positions, 0.0))
        self.silent_samples += silent
        self._faded = -silent
        return run.audio(positions) * self._gain(self._chunk)

    def _gain(self, count: int) -> Samples:
        """Return how loud the next samples are: after a silence ever louder."""
        if self._faded == self._fade:
            return np.ones((count, 1), np.float32)
        gain = _rise((self._faded + np.arange(count)) / self._fade)
        self._faded = min(self._faded + count, self._fade)
        return gain

    def _end_of(self, seconds: float) -> float:
        """Return how many samples of output there are before the next run begins."""
        if len(self._runs) < 2:
            return float("inf")
        return (self._runs[1].clock.seconds(0) - seconds) * self._rate

    def _leave_runs(self, seconds: float) -> None:
        """Drop runs that are over, and of a run what is."""
        while len(self._runs) > 1 and (
            self._runs[1].clock.seconds(0) <= seconds + _CHUNK_SECONDS or self._runs[0].is_empty
        ):
            if self._is_playing:
                return
            self._runs.popleft()

    def _fade_out(self, run: _Run, count: float) -> Samples:
        """Play what is left, ever more quietly, and be silent."""
        self._is_playing = False
        audio = np.zeros((self._chunk, self._channels), np.float32)
        left = max(int(count), 0)
        if left:
            audio[:left] = run.audio(run.advance(None, left)) * self._gain(left)
            audio[:left] *= _rise(np.linspace(1, 0, left))
        self.silent_samples += self._chunk - left
        return audio

    def _silence(self) -> Samples:
        self.silent_samples += self._chunk
        return np.zeros((self._chunk, self._channels), np.float32)


def _rise(part: NDArray[np.float64]) -> Samples:
    """Return a gain that rises from 0 to 1 without a kink, as its argument does."""
    gain: Samples = (0.5 - 0.5 * np.cos(np.pi * np.clip(part, 0, 1))).astype(np.float32)
    return gain[:, None]


class _Run:
    """Blocks that follow one another without a gap, and where they are played."""

    def __init__(self, sample_rate: int, channels: int, output_rate: int) -> None:
        self.sample_rate, self._output_rate = sample_rate, output_rate
        self.clock = CardClock(sample_rate)
        self._usual_speed = sample_rate / output_rate
        self._interpolator = Interpolator(self._usual_speed)
        half = self._interpolator.half_taps
        #: samples that may still be needed; before the first there is silence
        self._samples: Samples = np.zeros((half, channels), np.float32)
        self._first = -half
        self._waiting: list[Samples] = []
        self._count = 0
        self._position = 0.0
        self._speed = self._usual_speed

    @property
    def is_empty(self) -> bool:
        """Whether nothing of it is left to play."""
        return self._position + self._interpolator.half_taps >= self._count

    @property
    def kept_samples(self) -> int:
        """How many samples it holds."""
        return self._count - self._first

    def append(self, samples: Samples, seconds: float) -> None:
        """Add the next block."""
        self.clock.observe(self._count, seconds)
        self._waiting.append(samples)
        self._count += len(samples)

    def seek(self, seconds: float) -> None:
        """Play from a moment on."""
        self._position = self.clock.position(seconds)
        self._speed = self._usual_speed * (1 + self.clock.rate_error)

    def begins_within(self, count: int) -> bool:
        """Return whether there is something in the next samples of output."""
        return self._position + self._speed * count > 0

    def off_seconds(self, seconds: float) -> float:
        """Return how far what is played lies behind a moment."""
        return (self.clock.position(seconds) - self._position) / self.sample_rate

    def ready(self, end: float) -> float:
        """Return how many samples of output can be made, up to an end."""
        half = self._interpolator.half_taps
        if self._first > -half and self._position < self._first + half:
            return 0.0  # nobody played it for too long
        there = self._count - half - 1 - self._position
        return min(there / (self._speed * (1 + _MAX_CHANGE)), end)

    def advance(self, seconds: float | None, count: int) -> NDArray[np.float64]:
        """Return the positions of the next samples of output, a little faster where that is behind.

        Parameters
        ----------
        seconds : float, optional
            The moment of the first; None keeps the speed.
        count : int
            How many.
        """
        if seconds is not None:
            correction = self.off_seconds(seconds) / _FOLLOW_SECONDS
            correction = min(max(correction, -_MAX_CORRECTION), _MAX_CORRECTION)
            wanted = self._usual_speed * (1 + self.clock.rate_error) * (1 + correction)
            change = self._speed * _MAX_CHANGE * count / self._output_rate
            self._speed += min(max(wanted - self._speed, -change), change)
        positions = self._position + self._speed * np.arange(count, dtype=np.float64)
        self._position += self._speed * count
        return positions

    def audio(self, positions: NDArray[np.float64]) -> Samples:
        """Return the audio at positions; silence before its beginning."""
        half = self._interpolator.half_taps
        is_before = positions < 0
        inside = np.maximum(np.maximum(positions, 0) - self._first, half)
        if int(inside[-1]) + half >= len(self._samples):
            self._join()
        audio = self._interpolator.at(self._samples, inside)
        audio[is_before] = 0
        return audio

    def trim(self, kept_seconds: float) -> None:
        """Forget what is played, and of what nobody plays all but the last seconds."""
        half = self._interpolator.half_taps
        oldest = max(int(self._position) - half, self._count - int(kept_seconds * self.sample_rate))
        if oldest - self._first > self.sample_rate:
            self._join()
            self._samples = self._samples[oldest - self._first :].copy()
            self._first = oldest

    def _join(self) -> None:
        if self._waiting:
            self._samples = np.concatenate([self._samples, *self._waiting])
            self._waiting.clear()
