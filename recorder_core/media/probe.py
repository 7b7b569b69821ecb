"""Open a file safely and say what it holds."""

from __future__ import annotations

import struct
from fractions import Fraction
from pathlib import Path
from typing import Any, Final, Protocol

import av
import av.error
from av.container import InputContainer
from av.sidedata.sidedata import Type as SideDataType
from av.stream import Disposition
from av.video.frame import VideoFrame
from av.video.stream import VideoStream

from recorder_core.errors import DecodeError
from recorder_core.media.ffmpeg_errors import reading
from recorder_core.media.files import check_file
from recorder_core.media.info import (
    RGB_BECOMES_MATRIX,
    RGB_BECOMES_RANGE,
    AudioInfo,
    MediaInfo,
    VideoInfo,
)
from recorder_core.media.mp4_boxes import cut_fragment, lacks_index

__all__ = ["ByteSource", "first_picture", "open_media", "open_stream", "probe", "video_stream"]

#: containers of recordings; playlists and the like, which name other files, stay out
_CONTAINERS: Final = (
    "mov,mp4,m4a,3gp,3g2,mj2,matroska,webm,mpegts,mpeg,avi,asf,mxf,flv,ogg,dv,gif,nut,"
    "h264,hevc,mpegvideo,m4v"
)
_OPTIONS: Final = {"protocol_whitelist": "file,subfile", "format_whitelist": _CONTAINERS}
#: a first picture that cannot be decoded within so many packets will not come
_FIRST_PICTURE_PACKETS: Final = 300
_DISPLAY_MATRIX_LAYOUT: Final = "=9i"


def open_media(path: Path) -> InputContainer:
    """Open a file for reading: local, of a known kind, whatever its name contains.

    Call it inside :func:`~recorder_core.media.ffmpeg_errors.reading`.
    """
    try:
        return _open(f"file:{path}")
    except av.error.InvalidDataError:
        stop = cut_fragment(path)
        if stop is None:
            raise
        # FFmpeg does not open an MP4 file that ends within the header of a fragment
        return _open(f"subfile,,start,0,end,{stop},,:file:{path}")


def _open(source: str | ByteSource) -> InputContainer:
    return av.open(
        source, "r", options=dict(_OPTIONS), metadata_errors="ignore", buffer_size=1 << 18
    )


class ByteSource(Protocol):
    """What a video can be read from: a file object that can go back."""

    def read(self, size: int = -1, /) -> bytes:
        """Return bytes from the position on."""

    def seek(self, offset: int, whence: int = 0, /) -> int:
        """Move the position."""

    def tell(self) -> int:
        """Return the position."""


def open_stream(file: ByteSource) -> InputContainer:
    """Open what a file object holds, as careful as :func:`open_media`."""
    return _open(file)


def video_stream(container: InputContainer) -> VideoStream | None:
    """Return the video stream that is de-identified: the first that is no cover picture."""
    for stream in container.streams.video:
        if not stream.disposition & Disposition.attached_pic:
            return stream
    return None


def probe(path: Path) -> MediaInfo:
    """Say what a file holds; decodes its first picture.

    Raises
    ------
    DecodeError
        If there is no such file, or it is no video that can be de-identified: one
        sentence that says what is wrong.
    """
    check_file(path, "video")
    with reading(path), _opened(path) as container:
        stream = video_stream(container)
        if stream is None:
            raise DecodeError(f"{path.name} holds no video")
        video = _describe_video(container, stream, path)
        _check_picture_size(video, path)
        seconds = float(container.duration or 0) / av.time_base
        return MediaInfo(
            path=path,
            container=container.format.name,
            duration_seconds=seconds,
            size_bytes=path.stat().st_size,
            video=video,
            audio=tuple(
                AudioInfo(
                    track.index, track.name or "unknown", track.rate, track.channels, track.bit_rate
                )
                for track in container.streams.audio
                if track.codec_context is not None
            ),
            dropped=_dropped(container, stream),
        )


def _opened(path: Path) -> InputContainer:
    try:
        return open_media(path)
    except av.error.InvalidDataError as exc:
        if lacks_index(path):
            raise DecodeError(
                f"{path.name} has no index (moov): the recording was cut off before it was "
                "finished, and nothing in it can be found; ask the recording device to repair it"
            ) from exc
        raise


def _check_picture_size(video: VideoInfo, path: Path) -> None:
    if video.width % 2 or video.height % 2:
        raise DecodeError(
            f"{path.name} has pictures of {video.width}x{video.height}; H.264 with 4:2:0 colour "
            "needs an even width and height: crop or scale it by one pixel first"
        )


def first_picture(container: InputContainer, stream: VideoStream, path: Path) -> VideoFrame:
    """Decode the first picture that can be decoded; DecodeError if none comes soon."""
    damaged: av.error.FFmpegError | None = None
    for count, packet in enumerate(container.demux(stream)):
        try:
            for frame in packet.decode():
                return frame
        except av.error.InvalidDataError as exc:
            damaged = exc
        if count > _FIRST_PICTURE_PACKETS:
            break
    raise DecodeError(f"no picture of {path.name} can be decoded") from damaged


def _describe_video(container: InputContainer, stream: VideoStream, path: Path) -> VideoInfo:
    stream.thread_type = "NONE"
    rate = stream.average_rate or stream.guessed_rate or stream.base_rate or Fraction(25)
    frame_count, start = stream.frames, stream.start_time
    codec = stream.codec_context
    if codec is None:
        raise DecodeError(f"{path.name} holds video in a codec that cannot be decoded")
    bit_rate = _bit_rate_bps(container, stream)
    aspect = stream.sample_aspect_ratio or Fraction(1)
    frame = first_picture(container, stream, path)
    return VideoInfo(
        stream_index=stream.index,
        codec=codec.name,
        width=frame.width,
        height=frame.height,
        pixel_format=frame.format.name,
        time_base=stream.time_base or Fraction(1, av.time_base),
        average_frame_rate=Fraction(rate),
        bit_rate_bps=bit_rate,
        start_pts=start if start is not None else (frame.pts or 0),
        frame_count=frame_count or None,
        rotation_degrees=frame.rotation,
        display_matrix=_display_matrix(frame),
        color_primaries=int(frame.color_primaries),
        color_transfer=int(frame.color_trc),
        # RGB pictures are converted to BT.709 in limited range
        color_matrix=RGB_BECOMES_MATRIX if frame.format.is_rgb else int(frame.colorspace),
        color_range=RGB_BECOMES_RANGE if frame.format.is_rgb else int(frame.color_range),
        sample_aspect_ratio=Fraction(aspect),
        interlaced=frame.interlaced_frame,
    )


def _bit_rate_bps(container: InputContainer, stream: VideoStream) -> int:
    if stream.bit_rate:
        return stream.bit_rate
    sound = sum(track.bit_rate or 0 for track in container.streams.audio)
    return max(container.bit_rate - sound, 0)


def _display_matrix(frame: VideoFrame) -> tuple[int, ...] | None:
    # PyAV declares a TypedDict, but the container takes its own enumeration
    side_data: Any = frame.side_data
    if SideDataType.DISPLAYMATRIX not in side_data:
        return None
    return struct.unpack(_DISPLAY_MATRIX_LAYOUT, bytes(side_data[SideDataType.DISPLAYMATRIX]))


def _dropped(container: InputContainer, kept: VideoStream) -> tuple[str, ...]:
    others = [
        f"{stream.type} stream {stream.index}"
        for stream in container.streams
        if stream.index != kept.index and (stream.type != "audio" or stream.codec_context is None)
    ]
    chapters = len(container.chapters())
    return tuple(others + ([f"{chapters} chapter marks"] if chapters else []))
