"""Walk through an Ogg file from page to page; each has a number and a check sum.

References
----------
.. [1] RFC 3533, The Ogg Encapsulation Format Version 0, section 6.
"""

from __future__ import annotations

import struct
import zlib
from typing import Final

from recorder_core.media.container.chain.block_reader import BlockReader
from recorder_core.media.container.chain.walk import Walk

__all__ = ["walk_ogg"]

_CAPTURE: Final = b"OggS"
#: pattern, version, flags, position, stream, number of the page, check sum, number of segments
_PAGE: Final = struct.Struct("<4sBBqIIIB")
_CHECK_PLACE: Final = slice(22, 26)
_IS_FIRST: Final = 2
_ALL_BITS: Final = 0xFFFFFFFF
#: Ogg takes the highest bit of a byte first, zlib the lowest
_REVERSED: Final = bytes(int(f"{value:08b}"[::-1], 2) for value in range(256))


def walk_ogg(file: BlockReader) -> Walk:
    """Return where no page follows, one has another check sum, or a number is left out."""
    found, numbers = Walk(), dict[int, int]()
    place = file.find(_CAPTURE, 0)
    while 0 <= place < file.size:
        found.pieces += 1
        page = _page(file, place)
        if page is None:
            following = file.find(_CAPTURE, place + 1)
            found.note(place, following)
            place = following
            continue
        _, _, flags, _, stream, number, _, _ = _PAGE.unpack_from(page)
        before = numbers.get(stream)
        if before is not None and not flags & _IS_FIRST and number != before + 1 & _ALL_BITS:
            found.broken.append(place)
        numbers[stream] = number
        place += len(page)
    return found


def _page(file: BlockReader, place: int) -> bytes | None:
    """Return the page at a place; None: there is none, or it is not as it was written."""
    head = file.at(place, _PAGE.size)
    if len(head) < _PAGE.size or not head.startswith(_CAPTURE):
        return None
    segments = head[-1]
    sizes = file.at(place + _PAGE.size, segments)
    page = file.at(place, _PAGE.size + segments + sum(sizes))
    check = int.from_bytes(page[_CHECK_PLACE], "little")
    return page if _check_sum(page) == check else None


def _check_sum(page: bytes) -> int:
    """Return the sum of a page as if its own were zero."""
    content = page[: _CHECK_PLACE.start] + bytes(4) + page[_CHECK_PLACE.stop :]
    # zlib begins and ends with all bits inverted
    reverse = zlib.crc32(content.translate(_REVERSED), _ALL_BITS) ^ _ALL_BITS
    return int.from_bytes(reverse.to_bytes(4, "little").translate(_REVERSED), "big")
