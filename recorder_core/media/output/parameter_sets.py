"""What of an encoded stream's header decides how its packets are decoded."""

from __future__ import annotations

from typing import Final

from av.video.stream import VideoStream

__all__ = ["parameter_sets"]

#: HEVCDecoderConfigurationRecord of ISO/IEC 14496-15, 8.3.3.1: bytes before the number of
#: arrays; each array begins with a byte whose highest bit says whether it is complete, and the
#: number of its NAL units in two bytes, each NAL unit with its length in two bytes
_HEVC_ARRAYS_OFFSET: Final = 22
_NAL_TYPE: Final = 0x7F


def parameter_sets(stream: VideoStream) -> bytes:
    """Return the header of a stream, equal for streams whose packets may be joined.

    Of HEVC it leaves out whether more parameter sets may follow among the frames: MP4 says
    no, and Matroska may, of the same stream.
    """
    header = stream.codec_context.extradata or b""
    if stream.name != "hevc" or len(header) <= _HEVC_ARRAYS_OFFSET:
        return header
    plain, place = bytearray(header), _HEVC_ARRAYS_OFFSET + 1
    for _ in range(header[_HEVC_ARRAYS_OFFSET]):
        plain[place] &= _NAL_TYPE
        units, place = int.from_bytes(header[place + 1 : place + 3], "big"), place + 3
        for _ in range(units):
            place += 2 + int.from_bytes(header[place : place + 2], "big")
    return bytes(plain)
