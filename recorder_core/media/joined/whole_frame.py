"""Find out whether a coded frame has its end, where the decoder does not say so.

A decoder that has come to the end of a frame reads no further, so that bytes behind it change
nothing. Where the end is missing it takes them for the rest, and other bytes give another frame.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from typing import Any, Final

import av
import av.error
import numpy as np
from av.packet import Packet
from av.video.codeccontext import VideoCodecContext

from recorder_core.media.container.demux import read_packets
from recorder_core.media.container.probe import open_media
from recorder_core.media.container.source_clock import packet_position
from recorder_core.media.ffmpeg_errors import reading
from recorder_core.media.files.media_file import MediaFile

__all__ = ["is_frame_whole"]

#: what is put behind the frame: any bytes but zeros, which may begin another unit
_TAIL_BYTES: Final = 4096
_TAILS: Final = tuple(
    np.random.default_rng(seed).integers(1, 256, _TAIL_BYTES, np.uint8).tobytes()
    for seed in range(3)
)


def is_frame_whole(
    video: MediaFile, stream_index: int, codec: str, *, begin_position: int, position: int
) -> bool:
    """Return whether the frame in a unit of a transport stream has its end.

    Parameters
    ----------
    video : MediaFile
    stream_index : int
        The stream of the video.
    codec : str
        FFmpeg's name of its codec.
    begin_position : int
        Byte at which a keyframe begins that is early enough to decode the frame.
    position : int
        Byte at which the unit begins; its last frame is meant.
    """
    frames = _coded_frames(video, stream_index, begin_position, position)
    if not frames:
        return False
    *before, last = frames
    found = {_decoded(codec, [*before, last + tail]) for tail in (b"", *_TAILS)}
    # with its beginning alone a frame may not be shown at all
    return len(found) == 1 and len(found.pop()) > len(_decoded(codec, before))


def _coded_frames(video: MediaFile, stream_index: int, begin: int, position: int) -> list[bytes]:
    """Return the frames from the first keyframe after a byte up to the last of a unit."""
    found: list[bytes] = []
    with reading(video), open_media(video) as container:
        stream = container.streams[stream_index]
        container.seek(begin, stream=stream, unsupported_byte_offset=True)
        positions: dict[int, int] = {}
        for packet in read_packets(container, [stream]):
            if packet_position(packet, positions) > position:
                break
            if packet.size and (found or packet.is_keyframe):
                found.append(bytes(packet))
    return found


def _decoded(codec: str, frames: list[bytes]) -> tuple[bytes, ...]:
    """Return a digest of each frame that is decoded of some frames."""
    decoder: Any = av.CodecContext.create(codec, "r")
    packets: list[Packet[Any] | None] = [*map(av.Packet, frames), None]
    return tuple(
        hashlib.sha256(b"".join(map(bytes, frame.planes))).digest()
        for packet in packets
        for frame in _frames(decoder, packet)
    )


def _frames(decoder: VideoCodecContext, packet: Packet[Any] | None) -> Iterator[av.VideoFrame]:
    try:
        yield from decoder.decode(packet)
    except av.error.InvalidDataError:
        return
