"""Walk through an AVI file from chunk to chunk.

References
----------
.. [1] OpenDML AVI File Format Extensions, version 1.02, sections 2 and 3.
"""

from __future__ import annotations

import re
from typing import Final

from recorder_core.media.container.chain.block_reader import BlockReader
from recorder_core.media.container.chain.walk import Walk

__all__ = ["walk_avi"]

_HEADER_BYTES: Final = 8
#: of what chunks are in: its header and its kind
_ENTERED_BYTES: Final = 12
_ENTERED: Final = re.compile(rb"RIFF....AVI[ X]|LIST....(movi|rec )", re.DOTALL)
#: of a stream's data; or another of four letters, digits and spaces
_DATA: Final = re.compile(rb"\d\d(dc|db|wb)")
_NAME: Final = re.compile(rb"[A-Za-z0-9 ]{4}")
_SEARCHED_BYTES: Final = 1 << 16


def walk_avi(file: BlockReader) -> Walk:
    """Return where no chunk follows a chunk. Programs may leave something between them."""
    found, place = Walk(), 0
    while 0 <= place <= file.size - _HEADER_BYTES:
        found.pieces += 1
        head = file.at(place, _ENTERED_BYTES)
        if _ENTERED.match(head):
            place += _ENTERED_BYTES
        elif _is_chunk(file, place):
            size = int.from_bytes(head[4:_HEADER_BYTES], "little")
            place += _HEADER_BYTES + size
            # chunks begin at an even byte, but not of all programs
            place += size & 1 if not _is_chunk(file, place) else 0
        else:
            following = _next_chunk(file, place)
            found.note(place, following)
            place = following
    return found


def _is_chunk(file: BlockReader, place: int) -> bool:
    head = file.at(place, _HEADER_BYTES)
    stop = place + _HEADER_BYTES + int.from_bytes(head[4:], "little")
    return _NAME.match(head) is not None and stop <= file.size


def _next_chunk(file: BlockReader, place: int) -> int:
    """Return where the next data of a stream begins, which a chunk follows; -1: nowhere."""
    while place < file.size:
        for match in _DATA.finditer(file.at(place, _SEARCHED_BYTES)):
            if _is_chunk(file, place + match.start()):
                return place + match.start()
        place += _SEARCHED_BYTES - _HEADER_BYTES
    return -1
