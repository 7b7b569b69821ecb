"""Bytes that wait to be read, each with the moment of its arrival."""

from __future__ import annotations

from collections import deque

__all__ = ["StampedBytes"]


class StampedBytes:
    """Bytes that wait to be read; pieces are stamped as they arrive."""

    def __init__(self) -> None:
        self.content = bytearray()
        #: of each piece: how many bytes came before it in all, and when it arrived
        self._pieces: deque[tuple[int, float]] = deque()
        self._dropped = 0

    def __len__(self) -> int:
        return len(self.content)

    def append(self, data: bytes, seconds: float) -> None:
        """Append a piece.

        Parameters
        ----------
        data : bytes
            Any number of them.
        seconds : float
            When it arrived.
        """
        if data:
            self._pieces.append((self._dropped + len(self.content), seconds))
            self.content += data

    def seconds_at(self, place: int) -> float:
        """Return when the byte at a place, counted from the first that waits, arrived."""
        at = self._dropped + place
        return next(seconds for first, seconds in reversed(self._pieces) if first <= at)

    def drop(self, count: int) -> bytes:
        """Remove the first bytes, and return them."""
        taken = bytes(self.content[:count])
        del self.content[:count]
        self._dropped += len(taken)
        while len(self._pieces) > 1 and self._pieces[1][0] <= self._dropped:
            self._pieces.popleft()
        return taken

    def clear(self) -> None:
        """Forget what waits."""
        self.content.clear()
        self._pieces.clear()
