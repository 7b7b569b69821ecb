"""What a signal was in a span of time.

A value holds until the next one. After a longer pause than :data:`MAX_HOLD_INTERVALS` usual
intervals it holds for one usual interval, and then nothing is known: no mean and no time in range
counts it.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from recorder_core.errors import DataError

__all__ = [
    "BIS_RANGE",
    "MAX_HOLD_INTERVALS",
    "SpanMeasure",
    "find_gaps",
    "measure_span",
    "usual_interval",
]

#: of general anaesthesia, both ends in it
BIS_RANGE: Final = (40.0, 60.0)
#: a longer pause than so many usual intervals is a gap
MAX_HOLD_INTERVALS: Final = 3.0
#: fewer samples than this have no usual interval that a gap could be told by
_MIN_SAMPLES: Final = 3


@dataclass(frozen=True, slots=True)
class SpanMeasure:
    """What a signal was in a span; times in seconds."""

    below_seconds: float
    inside_seconds: float
    above_seconds: float
    #: in gaps, before the first value, after the last, and where the device gave none
    unknown_seconds: float
    #: weighted by time; NaN where nothing is known, as the next two
    mean: float
    min: float
    max: float

    @property
    def seconds(self) -> float:
        """How long the span lasts."""
        return self.known_seconds + self.unknown_seconds

    @property
    def known_seconds(self) -> float:
        """For how long there was a value."""
        return self.below_seconds + self.inside_seconds + self.above_seconds

    @property
    def unknown_share(self) -> float:
        """Share of the span without a value, in [0, 1]."""
        return self.unknown_seconds / self.seconds


def usual_interval(seconds: NDArray[Any]) -> float:
    """Return the usual time between two samples: the median; 0.0 of fewer than two.

    Parameters
    ----------
    seconds : ndarray, (N,) float64
        Times of the samples, rising.
    """
    return float(np.median(np.diff(seconds))) if len(seconds) > 1 else 0.0


def find_gaps(seconds: NDArray[Any]) -> list[tuple[float, float]]:
    """Return the spans in which a signal has no samples, from the one before to the one after.

    Parameters
    ----------
    seconds : ndarray, (N,) float64
        Times of the samples, rising.
    """
    if len(seconds) < _MIN_SAMPLES:
        return []
    places = np.flatnonzero(np.diff(seconds) > MAX_HOLD_INTERVALS * usual_interval(seconds))
    return [(float(seconds[place]), float(seconds[place + 1])) for place in places]


def measure_span(
    seconds: NDArray[Any],
    values: NDArray[Any],
    span_seconds: tuple[float, float],
    limits: tuple[float, float] = BIS_RANGE,
) -> SpanMeasure:
    """Return what a signal was in a span: its mean, and how long it was in a range.

    Parameters
    ----------
    seconds : ndarray, (N,) float64
        Times of the samples, rising.
    values : ndarray, (N,) float64
        NaN where the device gave none.
    span_seconds : tuple of float
        Start and stop, half-open.
    limits : tuple of float
        The range, both ends in it.

    Raises
    ------
    DataError
        If the span does not last, or the range ends before it begins.
    """
    start, stop = span_seconds
    low, high = limits
    if not start < stop:
        raise DataError(f"a span ends later than it begins, and not from {start:g} to {stop:g} s")
    if not low <= high:
        raise DataError(f"a range has its lower end first, and not {low:g} to {high:g}")
    held = _held_seconds(np.asarray(seconds, np.float64), start, stop)
    counts = (held > 0) & ~np.isnan(values)
    held, known = held[counts], np.asarray(values, np.float64)[counts]
    total = float(held.sum())
    nothing = float("nan")
    return SpanMeasure(
        below_seconds=float(held[known < low].sum()),
        inside_seconds=float(held[(known >= low) & (known <= high)].sum()),
        above_seconds=float(held[known > high].sum()),
        unknown_seconds=max(0.0, (stop - start) - total),
        mean=float((held * known).sum()) / total if total else nothing,
        min=float(known.min()) if total else nothing,
        max=float(known.max()) if total else nothing,
    )


def _held_seconds(seconds: NDArray[np.float64], start: float, stop: float) -> NDArray[np.float64]:
    """Return for how much of a span each value holds."""
    usual = usual_interval(seconds)
    lasting = np.append(np.diff(seconds), np.inf)[: len(seconds)]
    ends = seconds + np.where(lasting > MAX_HOLD_INTERVALS * usual, usual, lasting)
    inside: NDArray[np.float64] = np.clip(ends, start, stop) - np.clip(seconds, start, stop)
    return inside
