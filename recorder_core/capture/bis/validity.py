"""Which values of a BIS monitor are valid.

A monitor always fills its columns. That there is no value it says by a sentinel far below zero, by
bit 0x8000 of BISBIT, or by zeros in everything. What is not valid is NaN.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final

from recorder_core.capture.bis.records import BisValues

__all__ = ["MIN_SQI_PERCENT", "NO_VALUE_BIT", "RANGES", "Channel", "ChannelAgreement"]

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


@dataclass(frozen=True, slots=True)
class Channel:
    """What a record says of one channel, as the monitor gave it; NaN where it gave nothing."""

    values: BisValues
    status_bits: int
    artefact_bits: int


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

    def valid_values(self, combined: Channel, others: Sequence[Channel]) -> BisValues:
        """Return the values of the combined channel, NaN for each that is not valid.

        Parameters
        ----------
        combined : Channel
            As the monitor gave it.
        others : sequence of Channel
            The channels that it is made of; none: nothing can be compared.
        """
        bits = combined.status_bits
        is_sure = self._trusts("status", bits, [each.status_bits for each in others])
        if not is_sure or bits & NO_VALUE_BIT:
            return BisValues()
        values = {name: self._valid_value(name, combined, others) for name in RANGES}
        if math.isnan(values["sqi"]) or _is_dead(values):
            return BisValues()
        if values["sqi"] < MIN_SQI_PERCENT:
            return BisValues(sqi=values["sqi"])
        return BisValues(**values)

    def _valid_value(self, name: str, combined: Channel, others: Sequence[Channel]) -> float:
        low, high = RANGES[name]
        value = float(getattr(combined.values, name))
        # what is no value says nothing of how the channels use to be
        if not low <= value <= high:
            return math.nan
        is_sure = self._trusts(name, value, [getattr(each.values, name) for each in others])
        return value if is_sure else math.nan

    def _trusts(self, name: str, combined: float, others: Sequence[float]) -> bool:
        if not others:
            return True
        habit = self._habits.setdefault(name, _Habit())
        if (combined in others) is not habit.differs:
            habit.against = 0
            return True
        habit.against += 1
        if habit.against >= (_AGREES_AGAIN if habit.differs else _TOLD_APART):
            self._habits[name] = _Habit(not habit.differs)
        return habit.differs


def _is_dead(values: Mapping[str, float]) -> bool:
    """Return whether nothing is measured: an index of 0 is a flat line, whose SR is near 100."""
    return values["bis"] == 0.0 and not values["sr"] > 0.0
