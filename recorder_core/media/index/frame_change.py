"""Find out, without decoding a video, where its frames change their size or format.

Where that can happen, headers change: the parameter sets of H.264 and HEVC, the headers of
MPEG-2, VP8, VP9, AV1 and JPEG, and whatever a container gives as new headers (a second sample
description of MP4). Only keyframes whose headers were not seen before are decoded.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final

import av.error
from av.packet import Packet
from av.video.stream import VideoStream

from recorder_core.errors import DecodeError
from recorder_core.media.container.info import MediaInfo
from recorder_core.media.frames.frame import working_frame

__all__ = ["ChangeFinder", "FrameChange"]

#: parameter sets come before what refers to them; of other codecs a few bytes are enough
_SEARCHED_BYTES: Final = 4096
#: types of sequence parameter sets, and how the type is read from a unit's first byte
_PARAMETER_SETS: Final = {"h264": (0, 0x1F, 7), "hevc": (1, 0x3F, 33)}
_START_CODE: Final = b"\x00\x00\x01"
_SEQUENCE_HEADER: Final = b"\x00\x00\x01\xb3"
#: where keyframes say their size: VP8 (RFC 6386, 9.1), VP9 (6.2: within the first ten bytes,
#: the colour among them), AV1 (5.5: the sequence header comes first)
_HEADS: Final = {
    "vp8": slice(6, 10),
    "vp9": slice(1, 9),
    "av1": slice(0, 14),
    "libdav1d": slice(0, 14),
}
#: baseline to lossless; the markers between are tables
_JPEG_FRAMES: Final = frozenset(range(0xC0, 0xD0)) - {0xC4, 0xC8, 0xCC}


@dataclass(frozen=True, slots=True)
class FrameChange:
    """A frame that has another size or format than the first one."""

    #: in the time base of the video
    pts: int
    #: what is wrong, and what to do
    reason: str


class ChangeFinder:
    """Looks at the packets of a video for headers that were not seen before.

    Parameters
    ----------
    stream : VideoStream
        Of a file that is opened for this; its decoder is used.
    info : MediaInfo
        Of the file.
    """

    def __init__(self, stream: VideoStream, info: MediaInfo) -> None:
        self._stream = stream
        self._info = info
        self._seen: set[bytes] = set()
        #: the first change
        self.found: FrameChange | None = None
        stream.thread_type = "NONE"

    def look(self, packet: Packet[Any]) -> None:
        """Read the next packet of the video."""
        if self.found is not None or packet.pts is None or packet.is_corrupt:
            return
        header = _new_header(packet)
        if packet.is_keyframe:
            header += _header(self._info.video.codec, bytes(memoryview(packet)[:_SEARCHED_BYTES]))
        if not header or header in self._seen:
            return
        self._seen.add(header)
        self.found = self._decode(packet)

    def _decode(self, packet: Packet[Any]) -> FrameChange | None:
        """Return the change that a keyframe brings; one that cannot be decoded brings none."""
        video, pts = self._info.video, packet.pts or 0
        where = f"at about second {video.shown_seconds(pts):.1f}"
        codec = self._stream.codec_context
        try:
            frames = [*codec.decode(packet), *codec.decode(None)]
        except (av.error.InvalidDataError, av.error.EOFError):
            return None
        finally:
            codec.flush_buffers()
        try:
            for frame in frames:
                working_frame(frame, video.format, where, video.crop)
        except DecodeError as exc:
            return FrameChange(pts, str(exc))
        return None


def _new_header(packet: Packet[Any]) -> bytes:
    """Return the header that a container gives with a packet in place of the file's."""
    return b"".join(
        bytes(data) for data in packet.iter_sidedata() if data.data_type == "new_extradata"
    )


def _header(codec: str, data: bytes) -> bytes:
    """Return what a keyframe says about the size of frames; nothing where nothing is known."""
    if codec in _PARAMETER_SETS:
        return _parameter_sets(data, *_PARAMETER_SETS[codec])
    if codec in ("mpeg1video", "mpeg2video"):
        place = data.find(_SEQUENCE_HEADER)
        return data[place : place + 7] if place >= 0 else b""
    if codec == "mjpeg":
        return _jpeg_frame(data)
    return data[_HEADS[codec]] if codec in _HEADS else b""


def _parameter_sets(data: bytes, shift: int, mask: int, wanted: int) -> bytes:
    """Return the sequence parameter sets, whether units follow start codes or their lengths."""
    if data.startswith((_START_CODE, b"\x00" + _START_CODE)):
        units = data.split(_START_CODE)[1:]
    else:
        units = []
        place = 0
        while place + 4 < len(data):
            size = int.from_bytes(data[place : place + 4], "big")
            units.append(data[place + 4 : place + 4 + size])
            place += 4 + size
    found = (unit.rstrip(b"\x00") for unit in units if unit and unit[0] >> shift & mask == wanted)
    return b"".join(found)


def _jpeg_frame(data: bytes) -> bytes:
    """Return the frame header of a JPEG picture (ITU-T T.81, B.2.2)."""
    place = 2
    while place + 4 <= len(data) and data[place] == 0xFF:
        size = int.from_bytes(data[place + 2 : place + 4], "big")
        if data[place + 1] in _JPEG_FRAMES:
            return data[place : place + 2 + size]
        place += 2 + size
    return b""
