"""A file of an event on a server: read by Range requests, in blocks that are kept a while."""

from __future__ import annotations

import io
import os
import threading
from collections import OrderedDict
from typing import Final

from recorder_core.errors import ArchiveError, PayloadDamaged, SettingsError
from workbench.client.connection import Connection

__all__ = ["BLOCK_BYTES", "RemoteFile"]

#: asked for at once, where a reader jumps
BLOCK_BYTES: Final = 1 << 20
#: and where it reads on
_AHEAD_BLOCKS: Final = 4
_KEPT_BLOCKS: Final = 16


class RemoteFile(io.RawIOBase):
    """The content of a file, seekable and read-only; threads take turns.

    Parameters
    ----------
    connection : Connection
        To the server.
    path : str
        Of the file in the interface.

    Raises
    ------
    RecorderError
        What the server raises: NotAllowed, NotInCatalog, ...
    """

    def __init__(self, connection: Connection, path: str) -> None:
        self._connection = connection
        self._path = path
        head = connection.ask("HEAD", path)
        self.size_bytes = int(head.headers["content-length"])
        self._etag = head.headers["etag"]
        self._position = 0
        self._last = -2
        self._blocks: OrderedDict[int, bytes] = OrderedDict()
        self._lock = threading.Lock()

    def readable(self) -> bool:
        """Return True."""
        return True

    def seekable(self) -> bool:
        """Return True."""
        return True

    def tell(self) -> int:
        """Return the position, in bytes."""
        return self._position

    def seek(self, offset: int, whence: int = os.SEEK_SET) -> int:
        """Move the position; past the end is allowed and reads nothing."""
        starts = {os.SEEK_SET: 0, os.SEEK_CUR: self._position, os.SEEK_END: self.size_bytes}
        if whence not in starts or starts[whence] + offset < 0:
            raise SettingsError(f"cannot seek by {offset} from {whence}")
        self._position = starts[whence] + offset
        return self._position

    def readinto(self, buffer: bytearray | memoryview) -> int:  # type: ignore[override]
        """Fill a buffer from the block at the position; return how many bytes were written."""
        with memoryview(buffer) as raw, raw.cast("B") as view:
            if self._position >= self.size_bytes or not len(view):
                return 0
            index, begin = divmod(self._position, BLOCK_BYTES)
            piece = self._block(index)[begin : begin + len(view)]
            view[: len(piece)] = piece
        self._position += len(piece)
        return len(piece)

    def _block(self, index: int) -> bytes:
        with self._lock:
            if self.closed:
                raise ArchiveError("the file on the server is closed")
            if index not in self._blocks:
                self._fetch(index, _AHEAD_BLOCKS if index == self._last + 1 else 1)
            self._last = index
            self._blocks.move_to_end(index)
            return self._blocks[index]

    def _fetch(self, index: int, count: int) -> None:
        start = index * BLOCK_BYTES
        stop = min(start + count * BLOCK_BYTES, self.size_bytes)
        # a file that was replaced meanwhile is refused: half of one and half of another is none
        headers = {"Range": f"bytes={start}-{stop - 1}", "If-Match": self._etag}
        body = self._connection.ask("GET", self._path, headers=headers).body
        if len(body) != stop - start:
            raise PayloadDamaged("the server did not send the bytes that were asked for")
        for place in range(0, len(body), BLOCK_BYTES):
            self._blocks[index + place // BLOCK_BYTES] = body[place : place + BLOCK_BYTES]
        while len(self._blocks) > _KEPT_BLOCKS:
            self._blocks.popitem(last=False)
