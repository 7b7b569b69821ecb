"""Which frames lie beside the places at which a file is broken."""

from __future__ import annotations

from bisect import bisect_right
from typing import Any

from av.packet import Packet

__all__ = ["PassedBreaks"]


class PassedBreaks:
    """Finds the packets of a video before and behind each break, in the order of the file.

    Parameters
    ----------
    breaks : tuple of int
        Bytes of the file, rising.
    """

    def __init__(self, breaks: tuple[int, ...] = ()) -> None:
        self._breaks = breaks
        self._passed = 0
        #: pts of the packet before
        self._pts: int | None = None

    def __len__(self) -> int:
        return len(self._breaks)

    def beside(self, packet: Packet[Any]) -> list[int]:
        """Return the pts of the next packet and of the one before, if a break lies between them.

        A packet that begins before a break may go on behind it.
        """
        before = self._pts
        self._pts = before if packet.pts is None else packet.pts
        if packet.pos is None or not self._breaks:
            return []
        passed = bisect_right(self._breaks, packet.pos)
        if passed <= self._passed:
            return []
        self._passed = passed
        return [pts for pts in (before, self._pts) if pts is not None]

    def at_end(self) -> list[int]:
        """Return the pts of the last packet if a break lies behind it."""
        if self._pts is None or self._passed == len(self._breaks):
            return []
        return [self._pts]
