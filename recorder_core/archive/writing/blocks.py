"""Buffers for sealed segments on their way to the disks, used again and again.

Fresh memory for every segment would cost more than its encryption (page faults); a block
returns to its pool when the last of those who read it is done.
"""

from __future__ import annotations

import threading
from typing import Final

__all__ = ["BATCH_BYTES", "Block", "BlockPool"]

#: segments are handed over together up to this size
BATCH_BYTES: Final = 2**20


class Block:
    """Sealed bytes and where they belong in the stream."""

    def __init__(self, pool: BlockPool, capacity_bytes: int) -> None:
        self._pool = pool
        self._users = 0
        self.view = memoryview(bytearray(capacity_bytes))
        self.fill = 0
        self.offset = 0

    @property
    def capacity_bytes(self) -> int:
        """Size of the buffer."""
        return len(self.view)

    def sealed(self) -> memoryview:
        """Return the part that is filled."""
        return self.view[: self.fill]

    def hand_over(self, users: int) -> None:
        """Set how many will call `done`."""
        self._users = users

    def done(self) -> None:
        """Return the block to its pool when the last user is done with it."""
        self._pool.leave(self)

    def _count_down(self) -> bool:
        self._users -= 1
        return self._users == 0


class BlockPool:
    """Blocks of two sizes: one segment, and a batch of segments.

    Parameters
    ----------
    segment_bytes : int
        Size of a segment.
    """

    def __init__(self, segment_bytes: int) -> None:
        self._lock = threading.Lock()
        self._single = segment_bytes
        self._batch = max(1, BATCH_BYTES // segment_bytes) * segment_bytes
        self._free: dict[int, list[Block]] = {self._single: [], self._batch: []}

    def take(self, wanted_bytes: int, offset: int) -> Block:
        """Return an empty block for this place in the stream."""
        size = self._batch if wanted_bytes > self._single else self._single
        with self._lock:
            free = self._free[size]
            block = free.pop() if free else Block(self, size)
        block.fill, block.offset = 0, offset
        return block

    def leave(self, block: Block) -> None:
        """Return a block to the pool when its last user leaves it."""
        with self._lock:
            if block._count_down():
                self._free[block.capacity_bytes].append(block)
