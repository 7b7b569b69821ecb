"""Walk through a Matroska file from element to element: say where the chain is not whole.

FFmpeg jumps over a broken stretch to the next cluster without an error; frames
would be missing in silence. Layout: RFC 8794 (EBML), RFC 9559 (Matroska).
"""

from __future__ import annotations

from typing import Final

from recorder_core.media.container.chain.block_reader import BlockReader
from recorder_core.media.container.chain.walk import Walk

__all__ = ["walk_matroska"]

_SEGMENT, _CLUSTER = 0x18538067, 0x1F43B675
_CLUSTER_ID: Final = _CLUSTER.to_bytes(4, "big")
#: what may lie directly in a file, a segment or a cluster (RFC 9559, 5.1)
_KNOWN: Final = frozenset(
    {0x1A45DFA3, _SEGMENT, _CLUSTER}
    | {0x114D9B74, 0x1549A966, 0x1654AE6B, 0x1C53BB6B, 0x1941A469, 0x1043A770, 0x1254C367}
    | {0xE7, 0xA7, 0xAB, 0xA3, 0xA0, 0xAF, 0x5854, 0xEC, 0xBF}
)
_MAX_ID_BYTES: Final = 4
_MAX_SIZE_BYTES: Final = 8


def walk_matroska(file: BlockReader) -> Walk:
    """Return where an element is unknown, but another cluster comes later."""
    found, place = Walk(), 0
    while place < file.size:
        found.pieces += 1
        kind, size, header_bytes = _element(file.at(place, _MAX_ID_BYTES + _MAX_SIZE_BYTES))
        is_whole = place + header_bytes + size <= file.size
        # segments and clusters are entered, everything else is stepped over
        if kind in (_SEGMENT, _CLUSTER):
            found.is_short |= not is_whole
            place += header_bytes
        elif kind in _KNOWN and is_whole and size >= 0:
            place += header_bytes + size
        else:
            following = file.find(_CLUSTER_ID, place + 1)
            found.note(place, following)
            place = following if following >= 0 else file.size
    return found


def _element(start: bytes) -> tuple[int, int, int]:
    """Read (id, size, header bytes); size -1 means unknown, id 0 that there is none."""
    id_bytes = _vint_bytes(start[:1])
    if not 0 < id_bytes <= _MAX_ID_BYTES:
        return 0, 0, 0
    size_bytes = _vint_bytes(start[id_bytes : id_bytes + 1])
    if not size_bytes or len(start) < id_bytes + size_bytes:
        return 0, 0, 0
    value = int.from_bytes(start[id_bytes : id_bytes + size_bytes], "big")
    largest = (1 << 7 * size_bytes) - 1
    size = value & largest
    kind = int.from_bytes(start[:id_bytes], "big")
    return kind, -1 if size == largest else size, id_bytes + size_bytes


def _vint_bytes(first: bytes) -> int:
    """Length of a variable-length number, from its first byte; 0 if there is none."""
    return 9 - first[0].bit_length() if first and first[0] else 0
