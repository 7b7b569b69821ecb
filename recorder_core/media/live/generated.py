"""A test picture and a test tone, in real time."""

from __future__ import annotations

import time
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from fractions import Fraction
from typing import Final

from recorder_core.media.frames.frame import Frame
from recorder_core.media.live.arrivals import Arrival, ArrivedAudio, ArrivedFrame, LiveInput
from recorder_core.media.live.input_wait import InputWait
from recorder_core.media.live.pattern import paint_pattern, pattern_samples
from recorder_core.media.live.settings import SourceSettings
from recorder_core.model import FrameFormat

__all__ = ["open_generated"]

_USUAL_SIZE, _USUAL_RATE = (1280, 720), 30.0
#: rates such as 30000/1001 stay exact
_MAX_DENOMINATOR: Final = 1001
#: blocks of audio each second
_BLOCKS: Final = 50
#: what is later than this is left out, as a camera does when nobody fetches its frames
_MAX_LATE_SECONDS: Final = 1.0
_BT709, _LIMITED_RANGE = 1, 1


@contextmanager
def open_generated(
    settings: SourceSettings,
    *,
    frames: bool,
    audio: bool,
    pause: Callable[[float], object],
    clock: Callable[[], float] = time.monotonic,
) -> Iterator[LiveInput]:
    """Open a test signal for as long as the block runs.

    Parameters
    ----------
    settings : SourceSettings
        Of the kind ``pattern`` or ``tone``.
    frames, audio : bool
        What of it is wanted.
    pause : callable
        Waits so many seconds.
    clock : callable
        Whose time is `time.monotonic`.
    """
    rate = Fraction(settings.rate or _USUAL_RATE).limit_denominator(_MAX_DENOMINATOR)
    makers: list[_Maker] = []
    if frames:
        makers.append(_Pictures(settings, rate, clock()))
    if audio:
        makers.append(_Blocks(settings, clock()))
    waited = InputWait(clock)
    arrivals = _in_real_time(makers, pause, clock, waited)
    yield LiveInput(float(rate) if frames else None, arrivals, waited)


def _in_real_time(
    makers: list[_Maker],
    pause: Callable[[float], object],
    clock: Callable[[], float],
    waited: InputWait,
) -> Iterator[Arrival]:
    """Yield what each maker makes, at its moment."""
    while True:
        maker = min(makers, key=lambda each: each.due_seconds)
        wait = maker.due_seconds - clock()
        if wait > 0:
            with waited.waiting():
                pause(wait)
        elif -wait > _MAX_LATE_SECONDS:
            maker.skip(clock())
        yield maker.make()


class _Maker(ABC):
    """Makes one thing after another, each due at a moment of the monotonic clock."""

    def __init__(self, rate: Fraction, now: float) -> None:
        self._rate = rate
        self._number = 0
        self.skip(now)

    @property
    def due_seconds(self) -> float:
        """When the next is due."""
        return float(self._number / self._rate)

    def skip(self, now: float) -> None:
        """Leave out what is due before a moment."""
        self._number = int(now * self._rate) + 1

    @abstractmethod
    def make(self) -> Arrival:
        """Return the next."""


class _Pictures(_Maker):
    """Test pictures."""

    def __init__(self, settings: SourceSettings, rate: Fraction, now: float) -> None:
        super().__init__(rate, now)
        width, height = settings.size or _USUAL_SIZE
        self._format = FrameFormat(
            width=width,
            height=height,
            pixel_format="yuv420p",
            time_base=1 / rate,
            color_primaries=_BT709,
            color_transfer=_BT709,
            color_matrix=_BT709,
            color_range=_LIMITED_RANGE,
        )
        self._index = 0

    def make(self) -> ArrivedFrame:
        """Return the next picture."""
        seconds, number = self.due_seconds, self._number
        frame = Frame.black(self._format, frame_index=self._index, pts=number, duration=1)
        paint_pattern(frame, self._format, number, float(self._rate))
        self._number, self._index = number + 1, self._index + 1
        return ArrivedFrame(frame, seconds)


class _Blocks(_Maker):
    """Blocks of the test tone."""

    def __init__(self, settings: SourceSettings, now: float) -> None:
        self._settings = settings
        self._expected: int | None = None
        super().__init__(Fraction(_BLOCKS), now)

    def make(self) -> ArrivedAudio:
        """Return the block that ends now."""
        rate, seconds = self._settings.sample_rate, self.due_seconds - 1 / _BLOCKS
        first, stop = self._sample(self._number - 1), self._sample(self._number)
        samples = pattern_samples(first, stop - first, rate, self._settings.channels)
        is_joined = self._number == self._expected
        self._number += 1
        self._expected = self._number
        return ArrivedAudio(samples, rate, seconds, is_joined)

    def _sample(self, block: int) -> int:
        return block * self._settings.sample_rate // _BLOCKS
