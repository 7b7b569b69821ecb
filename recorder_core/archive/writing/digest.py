"""The hash of a stream, computed while it is written, for scrubbing without keys."""

from __future__ import annotations

import hashlib

from recorder_core.archive.writing.blocks import Block
from recorder_core.archive.writing.copies import MAX_QUEUED_BYTES
from recorder_core.archive.writing.worker import OrderedWorker

__all__ = ["StreamDigest"]


class StreamDigest:
    """SHA-256 of a stream, in a thread of its own.

    Parameters
    ----------
    header : bytes
        The beginning of the stream.
    """

    def __init__(self, header: bytes) -> None:
        self._sha256 = hashlib.sha256(header)
        self._worker = OrderedWorker("stream hash", MAX_QUEUED_BYTES, lambda _error: None)

    def update(self, block: Block) -> None:
        """Queue the next segments."""
        self._worker.submit(lambda: self._hash(block), block.capacity_bytes)

    def finish(self) -> str:
        """End the thread and return the hash in hexadecimal."""
        self._worker.wait_idle()
        self._worker.stop(timeout_seconds=5.0)
        return self._sha256.hexdigest()

    def _hash(self, block: Block) -> None:
        self._sha256.update(block.sealed())
        block.done()
