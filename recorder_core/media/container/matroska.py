"""Walk through a Matroska file from element to element: say whether the chain is whole.

FFmpeg jumps over a broken stretch to the next cluster without an error; frames
would be missing in silence. Layout: RFC 8794 (EBML), RFC 9559 (Matroska).
"""

from __future__ import annotations

import os
from typing import BinaryIO, Final

from recorder_core.media.files.media_file import MediaFile

__all__ = ["is_broken"]

_SEGMENT, _CLUSTER = 0x18538067, 0x1F43B675
#: what may lie directly in a file, a segment or a cluster (RFC 9559, 5.1)
_KNOWN: Final = frozenset(
    {0x1A45DFA3, _SEGMENT, _CLUSTER}
    | {0x114D9B74, 0x1549A966, 0x1654AE6B, 0x1C53BB6B, 0x1941A469, 0x1043A770, 0x1254C367}
    | {0xE7, 0xA7, 0xAB, 0xA3, 0xA0, 0xAF, 0x5854, 0xEC, 0xBF}
)
_MAX_ID_BYTES: Final = 4
_MAX_SIZE_BYTES: Final = 8


def is_broken(video: MediaFile) -> bool:
    """Return whether an element is unknown or reaches beyond the file's end."""
    with video.open() as file:
        end, offset = file.seek(0, os.SEEK_END), 0
        while offset < end:
            file.seek(offset)
            header = _element(file)
            if header is None or header[0] not in _KNOWN:
                return True
            kind, size, header_bytes = header
            offset += header_bytes
            # segments and clusters are entered, everything else is stepped over
            if kind not in (_SEGMENT, _CLUSTER):
                offset += size
            elif size >= 0 and offset + size > end:
                return True
        return offset > end


def _element(file: BinaryIO) -> tuple[int, int, int] | None:
    """Read (id, size, header bytes); size -1 means unknown."""
    start = file.read(_MAX_ID_BYTES + _MAX_SIZE_BYTES)
    id_bytes = _vint_bytes(start[:1])
    if not 0 < id_bytes <= _MAX_ID_BYTES:
        return None
    size_bytes = _vint_bytes(start[id_bytes : id_bytes + 1])
    if not size_bytes or len(start) < id_bytes + size_bytes:
        return None
    value = int.from_bytes(start[id_bytes : id_bytes + size_bytes], "big")
    largest = (1 << 7 * size_bytes) - 1
    size = value & largest
    kind = int.from_bytes(start[:id_bytes], "big")
    return kind, -1 if size == largest else size, id_bytes + size_bytes


def _vint_bytes(first: bytes) -> int:
    """Length of a variable-length number, from its first byte; 0 if there is none."""
    return 9 - first[0].bit_length() if first and first[0] else 0
