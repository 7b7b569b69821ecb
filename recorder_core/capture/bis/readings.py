"""What was taken from a BIS monitor, as rows of an event's signals."""

from __future__ import annotations

from dataclasses import dataclass, fields
from typing import Final

from recorder_core.capture.bis.records import BisNotice, BisRecord, BisValues, EegBlock
from recorder_core.model import EventClock
from recorder_core.signals import SIGNAL_UNITS
from recorder_core.tables import SignalRow

__all__ = ["BisReadings"]

_SIGNALS: Final = tuple((each.name, each.name.replace("_", "-")) for each in fields(BisValues))
#: only monitors that are asked for extra variables give it, so that it has no rows where it is not
_EXTRA: Final = "burst_rate"


@dataclass(frozen=True, slots=True)
class BisReadings:
    """What arrived since it was taken the last time, in order.

    Attributes
    ----------
    records : tuple of BisRecord
        Values, about every 5 s or every second.
    eeg : tuple of EegBlock
        Samples; binary protocol only.
    notices : tuple of BisNotice
        Everything else, as it arrived.
    """

    records: tuple[BisRecord, ...]
    eeg: tuple[EegBlock, ...]
    notices: tuple[BisNotice, ...]

    def value_rows(self, clock: EventClock) -> list[SignalRow]:
        """Return a row for each value of each record; NaN where there is no valid one.

        Parameters
        ----------
        clock : EventClock
            Of the event; what arrived before its second 0 has no row.
        """
        return [row for record in self.records for row in _value_rows(record, clock)]

    def eeg_rows(self, clock: EventClock) -> list[SignalRow]:
        """Return a row for each sample, `eeg-1`, `eeg-2`, ...

        Parameters
        ----------
        clock : EventClock
            Of the event; what arrived before its second 0 has no row.
        """
        return [row for block in self.eeg for row in _eeg_rows(block, clock)]


def _value_rows(record: BisRecord, clock: EventClock) -> list[SignalRow]:
    seconds = clock.seconds(record.seconds)
    if seconds < 0:
        return []
    values = {name: (code, getattr(record.values, name)) for name, code in _SIGNALS}
    return [
        SignalRow(code, SIGNAL_UNITS[code], seconds, value)
        for name, (code, value) in values.items()
        if name != _EXTRA or value == value  # noqa: PLR0124 - NaN
    ]


def _eeg_rows(block: EegBlock, clock: EventClock) -> list[SignalRow]:
    start = clock.seconds(block.seconds)
    return [
        SignalRow(f"eeg-{channel}", "µV", seconds, value)
        for place, values in enumerate(block.microvolts.tolist())
        if (seconds := start + place / block.sample_rate) >= 0
        for channel, value in enumerate(values, start=1)
    ]
