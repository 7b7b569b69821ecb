"""Read a few bytes here and there of a file, from its front to its end, a block at a time."""

from __future__ import annotations

import os
from typing import BinaryIO, Final

__all__ = ["BlockReader"]

_BLOCK_BYTES: Final = 1 << 20


class BlockReader:
    """The bytes of a file by their place.

    Parameters
    ----------
    file : BinaryIO

    Attributes
    ----------
    size : int
        Bytes of the whole file.
    """

    def __init__(self, file: BinaryIO) -> None:
        self._file = file
        self.size = file.seek(0, os.SEEK_END)
        self._start, self._block = 0, b""

    def at(self, place: int, size: int) -> bytes:
        """Return bytes from a place on, fewer only at the end of the file."""
        first = place - self._start
        if first < 0 or first + size > len(self._block):
            self._file.seek(place)
            self._block = self._file.read(max(size, _BLOCK_BYTES))
            self._start, first = place, 0
        return self._block[first : first + size]

    def find(self, wanted: bytes, place: int) -> int:
        """Return where some bytes come next, from a place on; -1: nowhere."""
        while place < self.size:
            found = self.at(place, _BLOCK_BYTES).find(wanted)
            if found >= 0:
                return place + found
            place += _BLOCK_BYTES - len(wanted) + 1
        return -1

    def skip_zeros(self, place: int) -> int:
        """Return where the next byte is that is not zero, from a place on; the size: nowhere."""
        while place < self.size:
            block = self.at(place, _BLOCK_BYTES)
            zeros = len(block) - len(block.lstrip(b"\0"))
            place += zeros
            if zeros < len(block):
                break
        return place
