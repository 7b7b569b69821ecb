"""How a sound card's clock lies to this machine's.

What a card gives is counted exactly, but by its own clock, which is up to some hundred ppm off;
when it arrived is known by our clock, but late, now more and now less. What came with the least
delay in each second lies close to a straight line, whose slope is how far the card's clock is off.
"""

from __future__ import annotations

from collections import deque
from typing import Final, NamedTuple

import numpy as np

__all__ = ["CardClock"]

#: seconds over which the line is fitted
_FITTED_SECONDS: Final = 60
#: of what is left of the delays, and of how far clocks are off: how much the first seconds are
#: trusted to tell a slope
_JITTER_SECONDS, _USUAL_ERROR = 0.002, 3e-4
#: a second whose least delay lies so far above the line is left out
_OUTLIER_SECONDS: Final = 0.005
#: a delay that stays so far away for some seconds is no delay: samples were lost, or doubled
_STEP_SECONDS, _STEP_LASTS = 0.03, 3


class _Point(NamedTuple):
    """The least delay of a second of a card's own time."""

    at: float
    delay: float


class CardClock:
    """Tells when each sample of a card was heard.

    Parameters
    ----------
    sample_rate : int
        Nominal, samples per second.
    """

    def __init__(self, sample_rate: int) -> None:
        self._rate = sample_rate
        self._points: deque[_Point] = deque(maxlen=_FITTED_SECONDS)
        self._level = 0.0
        self._slope = 0.0
        self._at = 0.0

    @property
    def rate_error(self) -> float:
        """By which part the card is faster than its nominal rate."""
        return -self._slope / (1 + self._slope)

    def observe(self, index: int, seconds: float) -> None:
        """Learn when a sample was heard.

        Parameters
        ----------
        index : int
            Of the sample.
        seconds : float
            By `time.monotonic`; by jitter too late, never too early.
        """
        at = index / self._rate
        delay = seconds - at
        if self._points and int(self._points[-1].at) == int(at):
            if delay < self._points[-1].delay:
                self._points[-1] = _Point(at, delay)
                self._fit()
            return
        self._leave_step()
        self._points.append(_Point(at, delay))
        self._fit()

    def position(self, seconds: float) -> float:
        """Return which sample was heard at a moment of `time.monotonic`; parts count."""
        at = (seconds - self._level + self._slope * self._at) / (1 + self._slope)
        return at * self._rate

    def seconds(self, position: float) -> float:
        """Return when a sample was heard, by `time.monotonic`."""
        at = position / self._rate
        return at + self._level + self._slope * (at - self._at)

    def _fit(self) -> None:
        at = np.array([each.at for each in self._points])
        delays = np.array([each.delay for each in self._points])
        self._at = float(at[-1])
        self._line(at, delays)
        left = delays - self._level - self._slope * (at - self._at)
        is_near = left < _OUTLIER_SECONDS
        if not is_near.all() and is_near.sum() * 2 > len(at):
            self._line(at[is_near], delays[is_near])

    def _line(self, at: np.ndarray, delays: np.ndarray) -> None:
        """Fit a line by least squares, the slope held back as long as it rests on little."""
        middle, mean = at.mean(), delays.mean()
        held_back = (_JITTER_SECONDS / _USUAL_ERROR) ** 2
        spread = float(((at - middle) ** 2).sum())
        self._slope = float(((at - middle) * (delays - mean)).sum()) / (spread + held_back)
        self._level = float(mean + self._slope * (self._at - middle))

    def _leave_step(self) -> None:
        """Forget what was before samples were lost unnoticed."""
        latest = list(self._points)[-_STEP_LASTS:]
        if len(self._points) <= _STEP_LASTS:
            return
        before = [each.delay for each in list(self._points)[:-_STEP_LASTS]]
        usual = float(np.median(before[-_STEP_LASTS:]))
        if all(abs(each.delay - usual) > _STEP_SECONDS for each in latest):
            self._points.clear()
            self._points.extend(latest)
