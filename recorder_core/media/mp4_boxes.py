"""The top-level boxes of an MP4 or QuickTime file, and whether it is whole.

Layout: ISO/IEC 14496-12, 4.2: 32-bit size, four letters; size 1 means a 64-bit
size follows, size 0 means "to the end of the file".
"""

from __future__ import annotations

from pathlib import Path

__all__ = ["is_cut_off", "lacks_index"]

_KNOWN = {b"ftyp", b"moov", b"mdat", b"free", b"skip", b"wide", b"moof", b"sidx", b"styp"}
_HEADER_BYTES = 8


def _top_level_boxes(path: Path) -> list[tuple[bytes, int, int]]:
    """Return (kind, offset, size) of each box; the last may reach beyond the end."""
    boxes: list[tuple[bytes, int, int]] = []
    end, offset = path.stat().st_size, 0
    with path.open("rb") as file:
        while offset + _HEADER_BYTES <= end:
            file.seek(offset)
            header = file.read(2 * _HEADER_BYTES)
            size, kind = int.from_bytes(header[:4], "big"), header[4:8]
            if size == 1:
                size = int.from_bytes(header[8:16], "big")
            size = size or end - offset
            if size < _HEADER_BYTES or not (boxes or kind in _KNOWN):
                break
            boxes.append((kind, offset, size))
            offset += size
    return boxes


def lacks_index(path: Path) -> bool:
    """Say whether the file is an MP4 whose index (``moov``) was never written."""
    kinds = [kind for kind, _, _ in _top_level_boxes(path)]
    return bool(kinds) and b"moov" not in kinds


def is_cut_off(path: Path) -> bool:
    """Say whether the file's last box reaches beyond its end."""
    boxes = _top_level_boxes(path)
    if not boxes or boxes[-1][0] not in _KNOWN:
        return False
    _, offset, size = boxes[-1]
    return offset + size > path.stat().st_size
