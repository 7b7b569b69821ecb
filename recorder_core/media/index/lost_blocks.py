"""Tell by a stretch of zeros that a disk lost a part of a compressed frame, without decoding it.

Where frames have start codes (MPEG, H.264, HEVC, VC-1), zeros come before these and nowhere else;
of the other codecs here so many in a row have never been seen. Lossless codecs, and JPEG with
tables of its own, write zeros for a black picture.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Final

from av.packet import Packet

__all__ = ["has_lost_block"]

#: FFmpeg's names of their decoders
_CODECS: Final = frozenset(
    {"h264", "hevc", "mpeg1video", "mpeg2video", "mpeg4", "vc1", "wmv1", "wmv2", "wmv3"}
    | {"msmpeg4", "msmpeg4v1", "msmpeg4v2", "h263", "flv", "theora", "vp8", "vp9"}
    | {"av1", "libdav1d", "libaom-av1"}
)
#: a disk loses at least so many bytes
_BLOCK: Final = bytes(512)
#: no frame begins so
_BEGINNING: Final = bytes(64)
#: what zeros come before in a start code
_START: Final = 1


def has_lost_block(packet: Packet[Any], codec: str, length_bytes: int) -> bool:
    """Return whether a packet of video holds, or begins with, zeros that no encoder writes.

    Zeros at the end of it, or of a unit, may be padding.

    Parameters
    ----------
    packet : Packet
        One that holds something.
    codec : str
        FFmpeg's name of the decoder; of codecs that write zeros, nothing is known.
    length_bytes : int
        Of the length before each unit; 0: units have none.
    """
    if codec not in _CODECS:
        return False
    content = bytes(packet)
    if content.startswith(_BEGINNING):
        rest = content.lstrip(b"\0")
        return bool(rest) and rest[0] != _START
    return _BLOCK in content and any(map(_is_hollow, _units(content, length_bytes)))


def _units(content: bytes, length_bytes: int) -> Iterator[bytes]:
    place = 0
    while length_bytes and place + length_bytes < len(content):
        start = place + length_bytes
        place = start + int.from_bytes(content[place:start], "big")
        yield content[start:place]
    if not length_bytes:
        yield content


def _is_hollow(unit: bytes) -> bool:
    """Return whether a unit has zeros in it that no start code follows."""
    unit = unit.rstrip(b"\0")
    place = unit.find(_BLOCK)
    while place >= 0:
        rest = unit[place:].lstrip(b"\0")
        if rest[0] != _START:
            return True
        place = unit.find(_BLOCK, len(unit) - len(rest))
    return False
