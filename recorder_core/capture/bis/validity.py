"""Which values of a BIS monitor are valid.

A monitor always fills its columns. That there is no value it says by a sentinel far below zero, by
bit 0x8000 of BISBIT, or by zeros in everything. What is not valid is NaN.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Final

from recorder_core.capture.bis.records import BisValues

__all__ = ["MIN_SQI_PERCENT", "NO_VALUE_BIT", "RANGES", "ChannelAgreement", "valid_values"]

#: of BISBIT: there is no valid value
NO_VALUE_BIT: Final = 0x8000
#: below this signal quality a monitor shows no index (decision)
MIN_SQI_PERCENT: Final = 15.0
#: what a value can be; the sentinels (-327.7, -3276.8) lie outside of it
RANGES: Final[Mapping[str, tuple[float, float]]] = {
    "bis": (0.0, 100.0),
    "sqi": (0.0, 100.0),
    "emg": (0.0, 100.0),
    "sr": (0.0, 100.0),
    "sef": (0.0, 30.0),
    "total_power": (0.0, 100.0),
    "burst_rate": (0.0, 30.0),
}
#: a quantity that differs between the channels so often in a row is one that differs
_TOLD_APART: Final = 3
#: one that differed, and then does not so often in a row, is one that agrees again
_AGREES_AGAIN: Final = 12


def valid_values(values: BisValues, status_bits: int) -> BisValues:
    """Return values with NaN for each that is not valid.

    Parameters
    ----------
    values : BisValues
        As the monitor gave them.
    status_bits : int
        Its BISBIT.
    """
    inside = {name: _inside(getattr(values, name), *RANGES[name]) for name in RANGES}
    if status_bits & NO_VALUE_BIT or math.isnan(inside["sqi"]) or _is_dead(values):
        return BisValues()
    if inside["sqi"] < MIN_SQI_PERCENT:
        return BisValues(sqi=inside["sqi"])
    return replace(values, **inside)


def _inside(value: float, low: float, high: float) -> float:
    return value if low <= value <= high else math.nan


def _is_dead(values: BisValues) -> bool:
    """Return whether nothing is measured: an index of 0 is a flat line, whose SR is near 100."""
    return values.bis == 0.0 and not values.sr > 0.0


@dataclass
class _Habit:
    """Whether a quantity of the combined channel is also that of one of the others."""

    differs: bool = False
    #: how often in a row it was not as it is used to be
    against: int = 0


@dataclass
class ChannelAgreement:
    """Finds damage that no checksum shows: the combined channel repeats one of the others.

    With the usual sensor, on one side of the head, a monitor says each quantity twice, and damage
    seldom hits both alike. A quantity that both channels do not have is withheld, until it has
    differed :data:`_TOLD_APART` times in a row: then this sensor has channels of their own.
    """

    _habits: dict[str, _Habit] = field(default_factory=dict)

    def trusts(self, name: str, combined: float, channels: tuple[float, ...]) -> bool:
        """Return whether a value of the combined channel can be believed.

        Parameters
        ----------
        name : str
            Of the quantity.
        combined : float
            Its value in the combined channel; NaN where it has none.
        channels : tuple of float
            Its values in the other channels; none: nothing can be compared.
        """
        if not channels:
            return True
        habit = self._habits.setdefault(name, _Habit())
        if any(_is_same(combined, each) for each in channels) is not habit.differs:
            habit.against = 0
            return True
        habit.against += 1
        if habit.against >= (_AGREES_AGAIN if habit.differs else _TOLD_APART):
            self._habits[name] = _Habit(not habit.differs)
        return habit.differs


def _is_same(one: float, other: float) -> bool:
    return one == other or (math.isnan(one) and math.isnan(other))
