"""What a simulated monitor has sent: the truth that a reader is measured by."""

from __future__ import annotations

from bisect import bisect_right
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from recorder_core.model.values.carriers import carrier_repr
from recorder_core.simulate.devices.bis_numbers import ChannelNumbers

__all__ = ["SentRecord", "SentStream"]


@dataclass(frozen=True, slots=True, eq=False)
class SentRecord:
    """A record as the monitor meant it.

    Attributes
    ----------
    content : bytes
        Before any damage.
    combined : ChannelNumbers or None
        What its values are; None of anything but values.
    microvolts : numpy.ndarray or None
        (n, channels) float64; None of anything but samples.
    """

    content: bytes
    combined: ChannelNumbers | None = None
    microvolts: NDArray[np.float64] | None = None

    __repr__ = carrier_repr


class SentStream:
    """All that was sent, damage included, and which record each byte belongs to."""

    def __init__(self) -> None:
        self.content = bytearray()
        self.records: list[SentRecord] = []
        self._starts: list[int] = []

    def append(self, record: SentRecord, sent: bytes) -> None:
        """Append a record, and what became of it on its way."""
        self._starts.append(len(self.content))
        self.records.append(record)
        self.content += sent

    def cut_last(self, count: int) -> None:
        """Remove so many bytes at the end, which were not sent after all."""
        del self.content[len(self.content) - count :]

    def span(self, number: int) -> tuple[int, int]:
        """Return where a record begins in the stream, and where the next one does."""
        stop = self._starts[number + 1] if number + 1 < len(self._starts) else len(self.content)
        return self._starts[number], stop

    def is_untouched(self, number: int) -> bool:
        """Return whether a record was sent as it was meant."""
        start, stop = self.span(number)
        return self.content[start:stop] == self.records[number].content

    def number_at(self, place: int) -> int:
        """Return the number of the record to which a byte of the stream belongs."""
        return bisect_right(self._starts, place) - 1
