"""Tell by the lengths of its units whether a packet of H.264 or HEVC is whole, without decoding it.

In MP4 and Matroska each NAL unit comes after its length. Where an index points beside a packet, or
a disk lost what was written, the lengths do not fill it; no decoder takes such a packet.
"""

from __future__ import annotations

from typing import Any, Final

from av.packet import Packet
from av.video.stream import VideoStream

__all__ = ["length_bytes_of", "units_fill"]

#: where the header says how many bytes a length has (ISO/IEC 14496-15, 5.3.3.1 and 8.3.3.1)
_LENGTH_PLACES: Final = {"h264": 4, "hevc": 21}
_LENGTH_MASK: Final = 3
_HEADER_VERSION: Final = 1
_START_CODE: Final = b"\x00\x00\x00\x01"
#: fewer bytes at the end are no unit
_MIN_BYTES: Final = 4


def length_bytes_of(stream: VideoStream) -> int:
    """Return how many bytes the length of a unit has; 0 where units have none."""
    header = stream.codec_context.extradata or b""
    place = _LENGTH_PLACES.get(stream.codec_context.name)
    if place is None or len(header) <= place or header[0] != _HEADER_VERSION:
        return 0
    return (header[place] & _LENGTH_MASK) + 1


def units_fill(packet: Packet[Any], length_bytes: int) -> bool:
    """Return whether the units of a packet are as long together as the packet.

    Parameters
    ----------
    packet : Packet
        One that holds something.
    length_bytes : int
        From `length_bytes_of`, not 0.
    """
    data = memoryview(packet)
    place, size = 0, len(data)
    if data[:_MIN_BYTES].tobytes() == _START_CODE:
        return True
    while size - place >= _MIN_BYTES:
        unit_bytes = int.from_bytes(data[place : place + length_bytes], "big")
        place += length_bytes + unit_bytes
        if not unit_bytes or place > size:
            return False
    return True
