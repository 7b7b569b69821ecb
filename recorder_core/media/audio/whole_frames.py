"""Which packets of audio are frames of their codec; what damage has left is none.

Muxers read the first bytes of AAC (ADTS), AC-3 and E-AC-3, and one packet that they cannot read
ends the whole file. Such a packet is left out: nothing can be heard of it. Bits are those of
ISO/IEC 13818-7, 6.2, and ETSI TS 102 366, 4.4 and annex E.
"""

from __future__ import annotations

from typing import Any, Final

from av.packet import Packet

from recorder_core.media.audio.changes import read_header
from recorder_core.media.container.source_clock import BYTE_JOINED_CONTAINERS

__all__ = ["is_whole_frame"]

_DOLBY: Final = ("ac3", "eac3")
#: bytes that FFmpeg reads of a frame before it knows its codec's name
_HEADER_BYTES: Final = 10
#: rates of AAC have codes from 0 to 12
_AAC_RATES: Final = 13
_ADTS_BYTES: Final = 7
_CHECKED_ADTS_BYTES: Final = 9
_LAST_BSID: Final = 16
_FIRST_ENHANCED: Final = 11
_AC3_SIZES: Final = 38
_RESERVED: Final = 3


def is_whole_frame(packet: Packet[Any], codec: str, container: str) -> bool:
    """Return whether a packet of audio begins as a frame of its codec does.

    Parameters
    ----------
    packet : Packet
        Of a stream of audio.
    codec : str
        FFmpeg's name of the stream's codec; of those that no muxer reads, every packet is whole.
    container : str
        FFmpeg's name of the source's container: in files, frames of AAC have no header.
    """
    has_header = codec in _DOLBY or (codec == "aac" and container in BYTE_JOINED_CONTAINERS)
    if not has_header:
        return True
    content = memoryview(packet)[:_HEADER_BYTES].tobytes()
    header = read_header(content)
    if header is None or header.codec != codec:
        return False
    return _is_adts(content, packet.size) if codec == "aac" else _is_dolby(content)


def _is_adts(content: bytes, size: int) -> bool:
    is_checked = not content[1] & 1
    if is_checked and content[6] & 3:  # several blocks with a check sum each
        return False
    needed = _CHECKED_ADTS_BYTES if is_checked else _ADTS_BYTES
    return content[2] >> 2 & 15 < _AAC_RATES and size > needed


def _is_dolby(content: bytes) -> bool:
    rate, bsid = content[4] >> 6, content[5] >> 3
    if bsid < _FIRST_ENHANCED:
        return rate != _RESERVED and content[4] & 63 < _AC3_SIZES
    is_half_rate = rate == _RESERVED
    return (
        bsid <= _LAST_BSID
        and content[2] >> 6 != _RESERVED
        and not (is_half_rate and content[4] >> 4 & 3 == _RESERVED)
    )
