"""What the panels of a composite know of the signals: the last values, and those of a while ago."""

from __future__ import annotations

import math
from collections import deque
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Final

import numpy as np
from numpy.typing import NDArray

from recorder_core.tables import SignalRow

__all__ = ["Reading", "SignalBoard"]

#: values are kept for so long; no trend goes further back
_KEPT_SECONDS: Final = 3600.0


@dataclass(frozen=True, slots=True)
class Reading:
    """The newest value of a signal."""

    #: None where the device gives no valid one now, or none lately
    value: float | None
    unit: str
    #: of the event, of the last valid value; None: there never was one
    seconds: float | None


@dataclass(slots=True)
class _Series:
    unit: str = ""
    valid_seconds: float | None = None
    #: (seconds, value), NaN where the device gave no valid one
    rows: deque[tuple[float, float]] = field(default_factory=deque)


class SignalBoard:
    """The values of all signals of an event that a composite may show.

    For one thread: who composes adds what came since the last frame.
    """

    def __init__(self) -> None:
        self._series: dict[str, _Series] = {}

    def add(self, rows: Iterable[SignalRow]) -> None:
        """Add values in the order in which they came; NaN where a device gave no valid one."""
        for row in rows:
            series = self._series.setdefault(row.signal, _Series())
            series.unit = row.unit
            series.rows.append((row.seconds, row.value))
            if not math.isnan(row.value):
                series.valid_seconds = row.seconds
            while series.rows[0][0] < row.seconds - _KEPT_SECONDS:
                series.rows.popleft()

    def newest(self, signal: str, seconds: float, stale_seconds: float) -> Reading:
        """Return the newest value of a signal.

        Parameters
        ----------
        signal : str
            Its name.
        seconds : float
            Of the event, now.
        stale_seconds : float
            A value that is older is none.
        """
        series = self._series.get(signal)
        if series is None:
            return Reading(None, "", None)
        at, value = series.rows[-1]
        is_known = not math.isnan(value) and seconds - at <= stale_seconds
        return Reading(value if is_known else None, series.unit, series.valid_seconds)

    def since(self, signal: str, seconds: float) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """Return times and values of a signal from a second of the event on.

        Returns
        -------
        seconds, values : ndarray, (N,) float64
            Values are NaN where the device gave no valid one.
        """
        series = self._series.get(signal, _Series())
        rows = [row for row in series.rows if row[0] >= seconds]
        times, values = np.array(rows, np.float64).reshape(-1, 2).T
        return times, values
