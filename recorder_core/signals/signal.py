"""What a device measured over time, as arrays."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from recorder_core.errors import DataError
from recorder_core.model.values.carriers import carrier_repr

__all__ = ["Signal", "split_signals"]


@dataclass(frozen=True, slots=True)
class Signal:
    """What a device measured over time."""

    name: str
    #: empty for an index such as BIS
    unit: str
    #: (N,) float64, on the time of the video, rising
    seconds: NDArray[np.float64]
    #: (N,) float64; NaN where nothing was measured
    values: NDArray[np.float64]

    def __post_init__(self) -> None:
        if self.seconds.ndim != 1 or self.seconds.shape != self.values.shape:
            raise DataError(
                f"{self.name} has {self.seconds.shape} times and {self.values.shape} values; "
                "give one value for each time"
            )
        if not np.isfinite(self.seconds).all() or (np.diff(self.seconds) <= 0).any():
            raise DataError(f"the times of {self.name} do not rise; sort them, each once")

    __repr__ = carrier_repr


def split_signals(columns: Mapping[str, Sequence[Any]]) -> list[Signal]:
    """Return each signal of a table of signals, in the order of their first rows.

    Parameters
    ----------
    columns : mapping
        Of the table: signal, unit, seconds and value. Of rows with one time the first counts.
    """
    names = np.array(columns["signal"], object)
    seconds, values = (np.array(columns[each], np.float64) for each in ("seconds", "value"))
    found = []
    for name in dict.fromkeys(names.tolist()):
        rows = np.flatnonzero(names == name)
        times, first = np.unique(seconds[rows], return_index=True)
        unit = str(columns["unit"][int(rows[0])])
        found.append(Signal(str(name), unit, times, values[rows][first]))
    return found
