"""The top-level boxes of an MP4 or QuickTime file, and whether it is whole.

Layout: ISO/IEC 14496-12, 4.2: 32-bit size, four letters; size 1 means a 64-bit
size follows, size 0 means "to the end of the file".
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from typing import NamedTuple, Protocol

from recorder_core.media.container.chain.block_reader import BlockReader
from recorder_core.media.files.media_file import MediaFile

__all__ = [
    "Box",
    "cut_fragment",
    "hides_index",
    "is_cut_off",
    "is_fragmented",
    "lacks_index",
    "top_level_boxes",
]

_KNOWN = {b"ftyp", b"moov", b"mdat", b"free", b"skip", b"wide", b"moof", b"sidx", b"styp"}
_HEADER_BYTES = 8


class Box(NamedTuple):
    """Where a top-level box lies in a file; the last may reach beyond its end."""

    kind: bytes
    offset: int
    size: int
    is_whole: bool

    @property
    def stop(self) -> int:
        """Where the next box begins."""
        return self.offset + self.size


class _Bytes(Protocol):
    def read(self, size: int = -1, /) -> bytes: ...

    def seek(self, offset: int, whence: int = 0, /) -> int: ...


def top_level_boxes(file: _Bytes) -> list[Box]:
    """Return the boxes of a file object, in order; only their headers are read."""
    return list(_read_boxes(file))


def is_fragmented(file: _Bytes) -> bool:
    """Return whether a file object is MP4 in fragments; it is read up to the first of them."""
    return any(box.kind == b"moof" for box in _read_boxes(file))


def _read_boxes(file: _Bytes) -> Iterator[Box]:
    end, offset = file.seek(0, os.SEEK_END), 0
    while offset + _HEADER_BYTES <= end:
        file.seek(offset)
        header = file.read(2 * _HEADER_BYTES)
        size, kind = int.from_bytes(header[:4], "big"), header[4:8]
        if size == 1:
            size = int.from_bytes(header[8:16], "big")
        size = size or end - offset
        if size < _HEADER_BYTES or not (offset or kind in _KNOWN):
            return
        yield Box(kind, offset, size, offset + size <= end)
        offset += size


def _boxes_of(video: MediaFile) -> list[Box]:
    with video.open() as file:
        return top_level_boxes(file)


def lacks_index(video: MediaFile) -> bool:
    """Return whether the file is an MP4 whose index (``moov``) was never written."""
    kinds = [box.kind for box in _boxes_of(video)]
    return bool(kinds) and b"moov" not in kinds


def hides_index(video: MediaFile) -> bool:
    """Return whether an index lies where no box before it ends: bytes are missing, or too many."""
    with video.open() as file:
        reader, name = BlockReader(file), -1
        while (name := reader.find(b"moov", name + 1)) >= 0:
            if reader.at(name + _HEADER_BYTES, 4) == b"mvhd":  # with which it begins
                return True
    return False


def is_cut_off(video: MediaFile) -> bool:
    """Return whether the file's last box reaches beyond its end."""
    boxes = _boxes_of(video)
    return bool(boxes) and boxes[-1].kind in _KNOWN and not boxes[-1].is_whole


def cut_fragment(video: MediaFile) -> int | None:
    """Return where the last fragment begins if its header (``moof``) is cut off, else None."""
    boxes = _boxes_of(video)
    is_cut = bool(boxes) and boxes[-1].kind == b"moof" and not boxes[-1].is_whole
    return boxes[-1].offset if is_cut else None
