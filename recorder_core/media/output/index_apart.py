"""Keep the index of an MP4 file apart while a muxer writes it, so that the media goes forward only.

FFmpeg's muxer writes the media first and its index (``moov``) last. While it writes the index it
goes back to the beginning of every box in it, to fill in the size; a file that is sealed as it
comes cannot be written again there. The index is a few bytes a packet: it is held in memory until
it is whole. What remains is one size near the beginning, that of the media; where it is known
ahead, nothing at all is written twice.
"""

from __future__ import annotations

import io
import os
from typing import Final, Protocol

from recorder_core.errors import EncodeError

__all__ = ["IndexApart"]

_BOX_HEADER_BYTES: Final = 8
_MAX_32_BITS: Final = 2**32 - 1
_ROOM: Final = _BOX_HEADER_BYTES.to_bytes(4, "big") + b"free"


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
    packet_bytes : int, optional
        Size of all packets together; the file is then written forward only.
    """

    def __init__(self, sink: _Sink, packet_bytes: int | None = None) -> None:
        self._sink = sink
        self._packet_bytes = packet_bytes
        self._head = b""
        self._is_other_size = False
        self._position = self._length = 0
        self._media_bytes = 0
        self._index: io.BytesIO | None = None

    def write(self, data: bytes) -> int:
        """Write bytes at the position."""
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

    def index(self) -> bytes:
        """Return the box of the index (``moov``), the last of the file, once it is whole."""
        # what the muxer held of the media when the index began comes before it
        held = b"" if self._index is None else self._index.getvalue()
        place = held.find(b"moov") - 4
        while place >= 0 and int.from_bytes(held[place : place + 4], "big") != len(held) - place:
            place = held.find(b"moov", place + 5) - 4
        return held[place:] if place >= 0 else b""

    def finish(self) -> None:
        """Write the index behind the media.

        Raises
        ------
        EncodeError
            If the packets had another size than was said.
        """
        if self._is_other_size:
            raise EncodeError("the packets have another size in an MP4 file")
        if self._index is not None:
            self._sink.seek(0, os.SEEK_END)
            self._sink.write(self._index.getvalue())

    def _write_media(self, data: bytes) -> None:
        if self._packet_bytes is None:
            if self._sink.tell() != self._position:
                self._sink.seek(self._position)
            self._sink.write(data)
        elif self._position < self._length:
            stop = self._position + len(data)
            self._is_other_size |= self._head[self._position : stop] != data
        else:
            if self._position == 0:
                data = self._head = _with_size(data, self._packet_bytes)
            self._sink.write(data)


def _with_size(beginning: bytes, packet_bytes: int) -> bytes:
    """Return the beginning of a file as the muxer leaves it at the end.

    It keeps space for a size of 64 bits in an empty box (ISO/IEC 14496-12, 4.2).
    """
    size = packet_bytes + _BOX_HEADER_BYTES
    if size <= _MAX_32_BITS:
        header = _ROOM + size.to_bytes(4, "big") + b"mdat"
    else:
        size += _BOX_HEADER_BYTES
        header = (1).to_bytes(4, "big") + b"mdat" + size.to_bytes(8, "big")
    return beginning.replace(_ROOM + bytes(4) + b"mdat", header, 1)
