"""Walk through an MXF file from key to key (SMPTE ST 377-1, 6.3: key, length and value)."""

from __future__ import annotations

from typing import Final

from recorder_core.media.container.chain.block_reader import BlockReader
from recorder_core.media.container.chain.walk import Walk

__all__ = ["walk_mxf"]

#: with which every key begins (SMPTE ST 298)
_LABEL: Final = bytes.fromhex("060e2b34")
_KEY_BYTES: Final = 16
#: the first byte of a length says how many follow, or is the length
_LENGTH_BYTES, _IS_LONG = 9, 0x80


def walk_mxf(file: BlockReader) -> Walk:
    """Return where no key follows a value."""
    found, place = Walk(), file.find(_LABEL, 0)
    while 0 <= place < file.size:
        found.pieces += 1
        head = file.at(place, _KEY_BYTES + _LENGTH_BYTES)
        if head.startswith(_LABEL) and len(head) > _KEY_BYTES:
            place += _KEY_BYTES + 1 + _value_bytes(head[_KEY_BYTES:])
            continue
        following = file.find(_LABEL, place + 1)
        found.note(place, following)
        place = following
    return found


def _value_bytes(length: bytes) -> int:
    """Return how many bytes follow the first byte of a length."""
    first = length[0]
    count = first - _IS_LONG if first >= _IS_LONG else 0
    return count + int.from_bytes(length[1 : 1 + count], "big") if count else first
