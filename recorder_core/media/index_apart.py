"""Keep the index of an MP4 file apart while a muxer writes it, so that the media goes forward only.

FFmpeg's muxer writes the media first and its index (``moov``) last. While it writes the index it
goes back to the beginning of every box in it, to fill in the size; a file that is sealed as it
comes cannot be written again there. The index is a few bytes a packet: it is held in memory until
it is whole. What remains is one size near the beginning, that of the media.
"""

from __future__ import annotations

import io
import os
from typing import Protocol

__all__ = ["IndexApart"]


class _Sink(Protocol):
    def write(self, data: bytes, /) -> int: ...

    def seek(self, offset: int, whence: int = 0, /) -> int: ...

    def tell(self) -> int: ...


class IndexApart:
    """A file object for a muxer; passes the media on and holds the index back.

    Parameters
    ----------
    sink : file object
        Where the file goes. It is written forward, but for the size of the media, which lies
        in the first few bytes of the file.
    """

    def __init__(self, sink: _Sink) -> None:
        self._sink = sink
        self._position = self._length = 0
        self._media_bytes = 0
        self._index: io.BytesIO | None = None

    def write(self, data: bytes) -> int:
        """Take bytes at the position."""
        if self._index is not None and self._position >= self._media_bytes:
            self._index.seek(self._position - self._media_bytes)
            self._index.write(data)
        else:
            self._write_media(data)
        self._position += len(data)
        self._length = max(self._length, self._position)
        return len(data)

    def seek(self, offset: int, whence: int = os.SEEK_SET) -> int:
        """Move the position."""
        self._position = offset + (0, self._position, self._length)[whence]
        return self._position

    def tell(self) -> int:
        """Return the position."""
        return self._position

    def begin_index(self) -> None:
        """Hold back what is written from now on behind what was written so far."""
        self._media_bytes = self._length
        self._index = io.BytesIO()

    def finish(self) -> None:
        """Write the index behind the media."""
        if self._index is not None:
            self._sink.seek(0, os.SEEK_END)
            self._sink.write(self._index.getvalue())

    def _write_media(self, data: bytes) -> None:
        if self._sink.tell() != self._position:
            self._sink.seek(self._position)
        self._sink.write(data)
