"""Frames of MPEG audio and AC-3 without what lies around them in a packet.

Some programs put a whole .mp3 file into a container, its ID3 tags too, which may name a person or
hold a picture. Sizes are those of ISO/IEC 11172-3, 2.4.2.3, ISO/IEC 13818-3, 2.4.2.3, and ETSI TS
102 366, 4.4.1 and annex E; a tag's is that of ID3v2.4, section 3.1.
"""

from __future__ import annotations

from typing import Any, Final

from av.packet import Packet

from recorder_core.media.audio.changes import read_header

__all__ = ["only_frames"]

_MPEG: Final = ("mp1", "mp2", "mp3")
_DOLBY: Final = ("ac3", "eac3")
_TAG_BYTES: Final = 10
_HEADER_BYTES: Final = 6
#: kbit/s by code, from 1; MPEG-1, then MPEG-2 and 2.5
_KBIT: Final = {
    ("mp1", True): tuple(range(32, 449, 32)),
    ("mp2", True): (32, 48, 56, 64, 80, 96, 112, 128, 160, 192, 224, 256, 320, 384),
    ("mp3", True): (32, 40, 48, 56, 64, 80, 96, 112, 128, 160, 192, 224, 256, 320),
    ("mp1", False): (32, 48, 56, 64, 80, 96, 112, 128, 144, 160, 176, 192, 224, 256),
    ("mp2", False): (8, 16, 24, 32, 40, 48, 56, 64, 80, 96, 112, 128, 144, 160),
    ("mp3", False): (8, 16, 24, 32, 40, 48, 56, 64, 80, 96, 112, 128, 144, 160),
}
#: of MPEG-1; halved in MPEG-2, and again in 2.5
_RATES_HZ: Final = (44_100, 48_000, 32_000)
#: how often a rate is halved, by version; 1 is none
_HALVED: Final = {3: 0, 2: 1, 0: 2}
_AC3_KBIT: Final = (
    *(32, 40, 48, 56, 64, 80, 96, 112, 128, 160),
    *(192, 224, 256, 320, 384, 448, 512, 576, 640),
)
_AC3_RATES_HZ: Final = (48_000, 44_100, 32_000)
_AC3_SAMPLES: Final = 1536


def only_frames(packet: Packet[Any], codec: str) -> Packet[Any] | None:
    """Return a packet without what is no frame of its codec; None: it holds none.

    Parameters
    ----------
    packet : Packet
        Of a stream of audio.
    codec : str
        FFmpeg's name of the stream's codec; of others than MPEG audio and AC-3 a packet is
        returned as it is.
    """
    if codec not in _MPEG + _DOLBY:
        return packet
    content = bytes(packet)
    start = _tag_size(content)
    stop = start
    while (size := _frame_size(content[stop : stop + _HEADER_BYTES])) and (
        stop + size <= len(content)
    ):
        stop += size
    if (start, stop) == (0, len(content)):
        return packet
    return _with_content(packet, content[start:stop]) if stop > start else None


def _with_content(packet: Packet[Any], content: bytes) -> Packet[Any]:
    other: Packet[Any] = Packet(content)
    if packet.stream is not None and packet.time_base is not None:
        other.stream, other.time_base = packet.stream, packet.time_base
    other.pts, other.dts, other.duration = packet.pts, packet.dts, packet.duration
    other.is_keyframe = packet.is_keyframe
    return other


def _tag_size(content: bytes) -> int:
    """Return the bytes of the ID3v2 tag with which a packet begins."""
    if content[:3] != b"ID3" or len(content) < _TAG_BYTES:
        return 0
    size = 0
    for each in content[6:_TAG_BYTES]:
        size = size << 7 | each & 127
    has_footer = content[5] >> 4 & 1
    return _TAG_BYTES * (1 + has_footer) + size


def _frame_size(header: bytes) -> int:
    """Return the bytes of the frame of which these are the first; 0: it is none."""
    found = read_header(header)
    if found is None:
        return 0
    if found.codec in _MPEG:
        return _mpeg_size(found.codec, header)
    if found.codec == "eac3":
        return 2 * (((header[2] & 7) << 8 | header[3]) + 1)
    return _ac3_size(header[4]) if found.codec == "ac3" else 0


def _mpeg_size(codec: str, header: bytes) -> int:
    version, bit_rate, rate = header[1] >> 3 & 3, header[2] >> 4, header[2] >> 2 & 3
    is_first = version == 3
    kbit = _KBIT[codec, is_first]
    if version not in _HALVED or not 0 < bit_rate <= len(kbit) or rate == len(_RATES_HZ):
        return 0
    bits, rate_hz = kbit[bit_rate - 1] * 1000, _RATES_HZ[rate] >> _HALVED[version]
    padding = header[2] >> 1 & 1
    if codec == "mp1":
        return (12 * bits // rate_hz + padding) * 4
    is_half = codec == "mp3" and not is_first
    return (72 if is_half else 144) * bits // rate_hz + padding


def _ac3_size(code: int) -> int:
    rate, size = code >> 6, code & 63
    if rate == len(_AC3_RATES_HZ) or size >= 2 * len(_AC3_KBIT):
        return 0
    words = _AC3_KBIT[size // 2] * 1000 * _AC3_SAMPLES // _AC3_RATES_HZ[rate] // 16
    return 2 * (words + (size & 1 if _AC3_RATES_HZ[rate] == 44_100 else 0))
