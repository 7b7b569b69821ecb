"""Walk through an MP4 file in fragments from box to box (ISO/IEC 14496-12, 4.2 and 8.8)."""

from __future__ import annotations

from recorder_core.media.container.chain.block_reader import BlockReader
from recorder_core.media.container.chain.walk import Walk

__all__ = ["walk_fragments"]

_HEADER_BYTES, _LONG_HEADER_BYTES = 8, 16
_TO_END, _IS_LONG = 0, 1
_FRAGMENT, _FRAGMENT_HEADER = b"moof", b"mfhd"


def walk_fragments(file: BlockReader) -> Walk:
    """Return where no box follows a box, but another fragment comes later.

    A file without fragments has an index, which says where everything is.
    """
    found, is_fragmented, place = Walk(), False, 0
    while place + _HEADER_BYTES <= file.size:
        found.pieces += 1
        size, kind = _header(file, place)
        is_box = size >= _HEADER_BYTES and _is_name(kind)
        if is_box and place + size <= file.size:
            is_fragmented |= kind == _FRAGMENT
            place += size
            continue
        following = _next_fragment(file, place) if is_fragmented else -1
        found.note(place, following)
        place = following if following >= 0 else file.size
    return found


def _header(file: BlockReader, place: int) -> tuple[int, bytes]:
    head = file.at(place, _LONG_HEADER_BYTES)
    size, kind = int.from_bytes(head[:4], "big"), head[4:_HEADER_BYTES]
    if size == _IS_LONG:
        size = int.from_bytes(head[_HEADER_BYTES:], "big")
    return file.size - place if size == _TO_END else size, kind


def _is_name(kind: bytes) -> bool:
    return kind.isascii() and kind.decode().isprintable()


def _next_fragment(file: BlockReader, place: int) -> int:
    """Return where the next fragment begins behind a place; -1: nowhere."""
    name = file.find(_FRAGMENT, place + _HEADER_BYTES)
    while name >= 0 and file.at(name + _HEADER_BYTES, 4) != _FRAGMENT_HEADER:
        name = file.find(_FRAGMENT, name + 1)
    return name - 4 if name >= 0 else -1
