"""Walk through a program stream (MPG, VOB) from header to header.

References
----------
.. [1] ISO/IEC 13818-1, 2.5.3 (packs and their clock, the SCR) and 2.4.3.6 (PES packets).
.. [2] ISO/IEC 11172-1, 2.4.3: packs of MPEG-1.
"""

from __future__ import annotations

from typing import Final

from recorder_core.media.container.chain.block_reader import BlockReader
from recorder_core.media.container.chain.walk import Walk

__all__ = ["walk_program_stream"]

_PREFIX: Final = b"\0\0\1"
_PACK_START: Final = b"\0\0\1\xba"
_END_CODE, _PACK_CODE, _FIRST_CODE = 0xB9, 0xBA, 0xBB
_FIRST_VIDEO, _LAST_VIDEO = 0xE0, 0xEF
_CODE_BYTES, _PES_HEADER_BYTES = 4, 6
_PACK_HEADER_BYTES, _PACK_HEADER_BYTES_1 = 14, 12
_STUFFING_MASK: Final = 7
#: multiplexers fill up to a sector of a CD or DVD with zeros
_SECTOR_BYTES: Final = 2048
#: the clock counts so many units a second; it need not go on where another recording begins
_CLOCK_HZ: Final = 90_000
_CLOCK_BYTES: Final = 5
_MAX_STEP_SECONDS: Final = 2


def walk_program_stream(file: BlockReader) -> Walk:
    """Return where no header follows a packet.

    What comes before the first pack and behind the last is no damage, and neither is a little
    padding.
    """
    found, clock = Walk(), 0
    place = file.find(_PACK_START, 0)
    while 0 <= place < file.size:
        head = file.at(place, _PACK_HEADER_BYTES)
        size = _piece_bytes(head)
        found.pieces += 1
        clock = _clock(head) if head.startswith(_PACK_START) else clock
        if size:
            place += size
        elif _is_unbounded(head):
            place = file.find(_PACK_START, place + _CODE_BYTES)
        else:
            following = _following(file, place)
            if following < 0 or not _is_padding(file, place, following, clock):
                found.note(place, following)
            place = following
    return found


def _piece_bytes(head: bytes) -> int:
    """Return the length of what begins with some bytes; 0: nothing begins so, or it is open."""
    if not head.startswith(_PREFIX) or len(head) < _PES_HEADER_BYTES:
        return 0
    code = head[len(_PREFIX)]
    if code == _PACK_CODE:
        is_second = head[_CODE_BYTES] >> 6 == 1 and len(head) == _PACK_HEADER_BYTES
        first_bytes = _PACK_HEADER_BYTES_1 if head[_CODE_BYTES] >> 4 == 2 else 0
        return _PACK_HEADER_BYTES + (head[-1] & _STUFFING_MASK) if is_second else first_bytes
    if code == _END_CODE:
        return _CODE_BYTES
    length = int.from_bytes(head[_CODE_BYTES:_PES_HEADER_BYTES], "big")
    return _PES_HEADER_BYTES + length if code >= _FIRST_CODE and length else 0


def _is_unbounded(head: bytes) -> bool:
    """Return whether a packet of video begins that says no length, as some recorders write."""
    code = head[len(_PREFIX)] if head.startswith(_PREFIX) and len(head) > len(_PREFIX) else 0
    return _FIRST_VIDEO <= code <= _LAST_VIDEO and head[_CODE_BYTES:_PES_HEADER_BYTES] == bytes(2)


def _following(file: BlockReader, place: int) -> int:
    """Return where the next header is: behind zeros, or else the next pack; -1: nowhere."""
    code = max(file.skip_zeros(place) - 2, place)
    if _piece_bytes(file.at(code, _PACK_HEADER_BYTES)) and code > place:
        return code
    return file.find(_PACK_START, place + 1)


def _is_padding(file: BlockReader, place: int, following: int, clock: int) -> bool:
    """Return whether nothing is missing: few zeros, or many before the clock of another part."""
    if file.skip_zeros(place) < following:
        return False
    if following - place < _SECTOR_BYTES:
        return True
    head = file.at(following, _PACK_HEADER_BYTES)
    step = _clock(head) - clock
    goes_on = 0 <= step <= _MAX_STEP_SECONDS * _CLOCK_HZ
    return head.startswith(_PACK_START) and not goes_on


def _clock(head: bytes) -> int:
    """Return the clock of a pack: 3, 15 and 15 bits, with a marker behind each."""
    bits = int.from_bytes(head[_CODE_BYTES : _CODE_BYTES + _CLOCK_BYTES], "big")
    if head[_CODE_BYTES] >> 6 == 1:
        bits >>= 2  # behind it, MPEG-2 has an extension
    return (bits >> 33 & 7) << 30 | (bits >> 17 & 0x7FFF) << 15 | bits >> 1 & 0x7FFF
