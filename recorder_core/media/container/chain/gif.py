"""Walk through a GIF from block to block.

References
----------
.. [1] Graphics Interchange Format, version 89a, sections 15 to 23.
"""

from __future__ import annotations

from typing import Final

from recorder_core.media.container.chain.block_reader import BlockReader
from recorder_core.media.container.chain.walk import Walk

__all__ = ["walk_gif"]

#: signature, and the description of the screen, whose flags say whether a table of colours follows
_HEADER_BYTES, _HEADER_FLAGS = 13, 10
_HAS_TABLE, _TABLE_SIZE = 0x80, 7
_EXTENSION, _PICTURE, _END = 0x21, 0x2C, 0x3B
#: what comes before the data: a label; place, size and flags, and with how many bits codes begin
_EXTENSION_BYTES, _PICTURE_BYTES, _PICTURE_FLAGS = 2, 10, 9
#: a frame that says how long it is shown
_NEXT_FRAME: Final = b"\x00\x21\xf9\x04"


def walk_gif(file: BlockReader) -> Walk:
    """Return where no block follows a block; it is short without its end."""
    found, place = Walk(), _HEADER_BYTES + _table_bytes(file, _HEADER_FLAGS)
    while 0 <= place < file.size:
        found.pieces += 1
        kind = file.at(place, 1)[0]
        if kind == _END:
            return found
        if kind == _EXTENSION:
            place = _data_end(file, place + _EXTENSION_BYTES)
        elif kind == _PICTURE:
            table = _table_bytes(file, place + _PICTURE_FLAGS)
            place = _data_end(file, place + _PICTURE_BYTES + table + 1)
        else:
            following = file.find(_NEXT_FRAME, place)
            found.note(place, following)
            place = following + 1 if following >= 0 else file.size
    found.is_short = True
    return found


def _table_bytes(file: BlockReader, place: int) -> int:
    """Return the length of the table of colours that some flags announce."""
    flags = int.from_bytes(file.at(place, 1), "big")
    return 3 << (flags & _TABLE_SIZE) + 1 if flags & _HAS_TABLE else 0


def _data_end(file: BlockReader, place: int) -> int:
    """Return where what follows data begins, which comes in parts, each after its length."""
    while length := int.from_bytes(file.at(place, 1), "big"):
        place += 1 + length
    return place + 1
