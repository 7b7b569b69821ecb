"""Put a video into a seekable MP4 file without encoding it again, through a file object.

The file object may be one that encrypts: nothing in clear touches a disk.
"""

from __future__ import annotations

import io
from collections.abc import Callable
from fractions import Fraction
from typing import Any, Protocol

import av
import av.error
from av.container import InputContainer
from av.packet import Packet
from av.stream import Stream

from recorder_core.errors import EncodeError
from recorder_core.media.ffmpeg_errors import reading
from recorder_core.media.info import MediaInfo
from recorder_core.media.probe import open_media, video_stream

__all__ = ["ByteSink", "can_remux", "remux"]


class ByteSink(Protocol):
    """What a muxer writes to: it goes back once, to fill in a size near the beginning."""

    def write(self, data: bytes, /) -> int:
        """Take bytes at the position."""

    def seek(self, offset: int, whence: int = 0, /) -> int:
        """Move the position."""

    def tell(self) -> int:
        """Return the position."""


def can_remux(info: MediaInfo) -> bool:
    """Return whether MP4 holds the video and every sound track as they are."""
    with reading(info.path), open_media(info.path) as source:
        trial = av.open(io.BytesIO(), "w", format="mp4")
        try:
            _add_streams(trial, source, info)
            trial.start_encoding()
        except (ValueError, av.error.FFmpegError):
            return False
        finally:
            trial.close()
    return True


def remux(
    info: MediaInfo, sink: ByteSink, on_bytes: Callable[[int], None] | None = None
) -> Fraction:
    """Write video and sound as they are; no metadata, chapters or other streams.

    Parameters
    ----------
    info : MediaInfo
        Of a file for which :func:`can_remux` is true.
    sink : ByteSink
        Where the MP4 file goes.
    on_bytes : callable, optional
        Told how many bytes of packets were written so far.

    Returns
    -------
    Fraction
        Seconds per unit of pts of the video in the new file; the pictures keep their times.

    Raises
    ------
    DecodeError
        If the source cannot be read.
    EncodeError
        If MP4 cannot hold it.
    """
    written = 0
    with reading(info.path), open_media(info.path) as source:
        options = {
            "fflags": "+bitexact",
            "video_track_timescale": str(info.video.time_base.denominator),
        }
        with av.open(sink, "w", format="mp4", container_options=options) as target:
            streams = _add_streams(target, source, info)
            for packet in source.demux(list(_wanted(source))):
                if packet.size == 0:
                    continue
                packet.stream = streams[packet.stream_index]
                _mux(target, packet, info)
                written += packet.size
                if on_bytes is not None:
                    on_bytes(written)
            return streams[info.video.stream_index].time_base or info.video.time_base


def _wanted(source: InputContainer) -> list[Any]:
    sound = [track for track in source.streams.audio if track.codec_context is not None]
    return [video_stream(source), *sound]


def _add_streams(target: Any, source: InputContainer, info: MediaInfo) -> dict[int, Stream]:
    streams: dict[int, Stream] = {}
    for stream in _wanted(source):
        added = target.add_stream_from_template(stream, opaque=stream.type == "video")
        if stream.index == info.video.stream_index and info.video.display_matrix is not None:
            added.set_display_matrix(info.video.display_matrix)
        streams[stream.index] = added
    return streams


def _mux(target: Any, packet: Packet[Any], info: MediaInfo) -> None:
    try:
        target.mux_one(packet)
    except av.error.ArgumentError as exc:
        raise EncodeError(
            f"{info.path.name} has time stamps that an MP4 file cannot hold; convert it first"
        ) from exc
