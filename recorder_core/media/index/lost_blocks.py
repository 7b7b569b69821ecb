"""Tell by a stretch of zeros that a disk lost a part of a compressed frame, without decoding it.

Where frames have start codes (MPEG, H.264, HEVC, VC-1), zeros come before these and nowhere else;
of the other codecs here so many in a row have never been seen. Lossless codecs write zeros for a
black picture, and so does JPEG whose tables give the code of zeros to what lacks detail.
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
#: markers of JPEG: tables of codes, a scan, the end
_JPEG_TABLES, _JPEG_SCAN, _JPEG_END = b"\xff\xc4", b"\xff\xda", b"\xff\xd9"
#: of a table: its number, and how many codes there are of each of 16 lengths
_TABLE_HEADER_BYTES: Final = 17
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
    if codec not in _CODECS and codec != "mjpeg":
        return False
    content = bytes(packet)
    if codec == "mjpeg":
        return content.startswith(_BEGINNING) or (_BLOCK in content and _is_hollow_jpeg(content))
    if content.startswith(_BEGINNING):
        rest = content.lstrip(b"\0")
        return bool(rest) and rest[0] != _START
    return _BLOCK in content and any(map(_is_hollow, _units(content, length_bytes)))


def _is_hollow_jpeg(content: bytes) -> bool:
    """Return whether the scan of a JPEG has zeros in it that its tables do not write."""
    header, _, scan = content.partition(_JPEG_SCAN)
    # without tables, the standard's are meant (ITU-T T.81, K.3)
    first_symbols = _first_symbols(header)
    if first_symbols and not any(first_symbols):
        return False
    scan = scan.rpartition(_JPEG_END)[0] or scan
    return _BLOCK in scan.rstrip(b"\0")


def _first_symbols(header: bytes) -> list[int]:
    """Return what the code of zeros means in each table; 0 is an end, or no difference."""
    found: list[int] = []
    place = header.find(_JPEG_TABLES)
    while place >= 0:
        stop = place + 2 + int.from_bytes(header[place + 2 : place + 4], "big")
        place += 4
        while place + _TABLE_HEADER_BYTES < stop:
            count = sum(header[place + 1 : place + _TABLE_HEADER_BYTES])
            found += header[place + _TABLE_HEADER_BYTES : place + _TABLE_HEADER_BYTES + 1]
            place += _TABLE_HEADER_BYTES + count
        place = header.find(_JPEG_TABLES, stop)
    return found


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
