"""Open a file safely and say what it holds."""

from __future__ import annotations

import os
from collections.abc import Sequence
from fractions import Fraction
from typing import Any, Final

import av
import av.error
from av.audio.stream import AudioStream
from av.container import InputContainer
from av.sidedata.sidedata import Type as SideDataType
from av.stream import Disposition
from av.video.frame import VideoFrame
from av.video.stream import VideoStream

from recorder_core.errors import DecodeError, SettingsError
from recorder_core.media.container.crop import NO_CROP, Crop, read_crops
from recorder_core.media.container.decoded_format import decoded_format
from recorder_core.media.container.demux import read_packets
from recorder_core.media.container.frame_side_data import frame_side_data
from recorder_core.media.container.info import AudioInfo, MediaInfo, VideoInfo
from recorder_core.media.container.mp4_boxes import cut_fragment, hides_index, lacks_index
from recorder_core.media.container.sample_depth import lost_bits, lost_color
from recorder_core.media.container.transport.packets import without_duplicates
from recorder_core.media.ffmpeg_errors import reading
from recorder_core.media.files.byte_streams import ByteSource
from recorder_core.media.files.media_file import MediaFile, VideoSource, media_file
from recorder_core.model.values.phrase import phrase

__all__ = [
    "audio_streams",
    "crop_of",
    "first_frame",
    "open_media",
    "probe",
    "source_video",
    "video_stream",
]

#: containers of recordings; playlists and the like, which name other files, stay out
_CONTAINERS: Final = (
    "mov,mp4,m4a,3gp,3g2,mj2,matroska,webm,mpegts,mpeg,avi,asf,mxf,flv,ogg,dv,gif,nut,"
    "h264,hevc,mpegvideo,m4v"
)
_OPTIONS: Final = {"protocol_whitelist": "file", "format_whitelist": _CONTAINERS}
#: how far a file is read for a stream that begins late: microseconds, and bytes, which are
#: held in memory; FFmpeg's usual 5 seconds are too few for audio that is switched on later
_LATE_STREAMS: Final = {"analyzeduration": "600000000", "probesize": str(128 << 20)}
#: both sides of a frame are at least so long
_MIN_PX: Final = 2
#: a first frame that cannot be decoded within so many packets will not come
_FIRST_FRAME_PACKETS: Final = 300
#: a stream is a preview of another that has more than so many times its area
_PREVIEW_SHARE: Final = 4
#: what describes HDR, and is about the source's bits
_HDR_SIDE_DATA: Final = {
    SideDataType.MASTERING_DISPLAY_METADATA: "HDR mastering display data",
    SideDataType.CONTENT_LIGHT_LEVEL: "HDR content light levels",
    SideDataType.DYNAMIC_HDR_PLUS: "HDR10+ data",
    SideDataType.DOVI_METADATA: "Dolby Vision data",
}
#: of pictures (ISO/IEC 23008-12, annex B); FFmpeg gives a tile of them as a video
_PICTURE_BRANDS: Final = frozenset({"avif", "heic", "heix", "heim", "heis", "mif1"})


def open_media(source: VideoSource) -> InputContainer:
    """Open a video for reading: local, of a known kind, whatever its name contains.

    Call it inside :func:`~recorder_core.media.ffmpeg_errors.reading`.
    """
    video = media_file(source)
    try:
        container = _open(video)
    except (av.error.InvalidDataError, av.error.EOFError):
        stop = cut_fragment(video)
        if stop is None:
            raise
        # FFmpeg does not open an MP4 file that ends within the header of a fragment
        return _open(video, _Beginning(video, stop))
    plain = without_duplicates(video) if container.format.name == "mpegts" else None
    if plain is None:
        return container
    container.close()
    return _open(video, plain)


def _open(video: MediaFile, content: ByteSource | None = None) -> InputContainer:
    """Open a video, or what is read of it instead."""
    container = _open_with(content or video.for_ffmpeg(), _OPTIONS)
    if all(_is_described(stream) for stream in container.streams):
        return container
    container.close()
    if content is not None:
        content.seek(0)
    return _open_with(content or video.for_ffmpeg(), _OPTIONS | _LATE_STREAMS)


def _open_with(source: str | ByteSource, options: dict[str, str]) -> InputContainer:
    return av.open(
        source, "r", options=dict(options), metadata_errors="ignore", buffer_size=1 << 18
    )


def _is_described(stream: Any) -> bool:
    """Return whether FFmpeg found out what a stream of video or audio holds, if it can at all."""
    if stream.codec_context is None:
        return True
    if stream.type == "audio":
        return bool(stream.rate)
    return stream.type != "video" or bool(stream.codec_context.width)


def audio_streams(container: InputContainer) -> list[AudioStream]:
    """Return the streams of audio of which something is known; others are announced only."""
    return [
        stream
        for stream in container.streams.audio
        if stream.codec_context is not None and stream.rate > 0
    ]


class _Beginning:
    """The first bytes of a video, as if it ended there."""

    def __init__(self, video: MediaFile, size_bytes: int) -> None:
        self._file, self._size_bytes = video.open(), size_bytes

    def __del__(self) -> None:
        # PyAV keeps the object as long as the container, and closes none
        self._file.close()

    def read(self, size: int = -1, /) -> bytes:
        """Return bytes from the position on."""
        left = max(self._size_bytes - self._file.tell(), 0)
        return self._file.read(left if size < 0 else min(size, left))

    def seek(self, offset: int, whence: int = os.SEEK_SET, /) -> int:
        """Move the position."""
        if whence == os.SEEK_END:
            return self._file.seek(self._size_bytes + offset)
        return self._file.seek(offset, whence)

    def tell(self) -> int:
        """Return the position."""
        return self._file.tell()


def video_stream(container: InputContainer, index: int | None = None) -> VideoStream | None:
    """Return the video stream that a player shows, or the one with a number.

    Cover pictures are none, and a stream of less than a quarter of the largest one's area
    is a preview. Of the others the one that the file marks as its default is shown, else the
    largest, else the first.
    """
    if index is not None:
        return next((each for each in container.streams.video if each.index == index), None)
    streams = [
        stream
        for stream in container.streams.video
        if not stream.disposition & Disposition.attached_pic
    ]
    largest = max(map(_area, streams), default=0)
    shown = [stream for stream in streams if _PREVIEW_SHARE * _area(stream) >= largest]
    return max(
        shown,
        key=lambda stream: (
            bool(stream.disposition & Disposition.default),
            _area(stream),
            -stream.index,
        ),
        default=None,
    )


def _area(stream: VideoStream) -> int:
    codec = stream.codec_context
    return codec.width * codec.height if codec is not None else 0


def crop_of(crops: Sequence[Crop], stream: VideoStream, frame: VideoFrame) -> Crop:
    """Return what a container hides of a stream's decoded frames, to whole chroma samples.

    Parameters
    ----------
    crops : sequence of Crop
        Of the file's video tracks, from `read_crops`.
    stream : VideoStream
        One of them.
    frame : VideoFrame
        A decoded frame of it.

    Raises
    ------
    DecodeError
        If nothing of the frame would be left.
    """
    place = [each.index for each in stream.container.streams.video].index(stream.index)
    crop = crops[place].even(frame.width, frame.height) if place < len(crops) else NO_CROP
    if min(crop.size_of(frame.width, frame.height)) < _MIN_PX:
        raise DecodeError(f"the container hides the whole frame of {frame.width}x{frame.height}")
    return crop


def probe(source: VideoSource, video_index: int | None = None) -> MediaInfo:
    """Return what a video file holds; decodes its first frame.

    Parameters
    ----------
    source : str, Path, file object or MediaFile
        A file object is read from its beginning.
    video_index : int, optional
        The number of a stream in the file; unless given, the stream that a player shows.

    Raises
    ------
    DecodeError
        If there is no such file, or it is no video that can be de-identified: one
        sentence that says what is wrong.
    SettingsError
        If the chosen stream is no video.
    """
    file = media_file(source)
    file.check()
    with reading(file), _opened(file) as container:
        if container.metadata.get("major_brand") in _PICTURE_BRANDS:
            raise DecodeError(f"{file.name} is a HEIC or AVIF picture; save it as JPEG or PNG")
        stream = video_stream(container)
        if stream is None:
            raise DecodeError(f"{file.name} holds no video")
        if video_index is not None:
            stream = _chosen_stream(container, video_index, file)
        video, lost = _describe_video(container, stream, file)
        seconds = float(container.duration or 0) / av.time_base
        return MediaInfo(
            file=file,
            container=container.format.name,
            duration_seconds=seconds,
            size_bytes=file.size_bytes,
            video=video,
            audio=tuple(
                AudioInfo(
                    track.index, track.name or "unknown", track.rate, track.channels, track.bit_rate
                )
                for track in audio_streams(container)
            ),
            dropped=_dropped(container, stream, video.crop),
            lost_of_pixels=tuple(lost),
        )


def _chosen_stream(container: InputContainer, video_index: int, file: MediaFile) -> VideoStream:
    streams = {stream.index: stream for stream in container.streams.video}
    if video_index not in streams:
        able = ", ".join(map(str, streams))
        raise SettingsError(
            f"stream {video_index} of {file.name} is not a video stream; its video streams are "
            f"{able}"
        )
    return streams[video_index]


def source_video(container: InputContainer, info: MediaInfo) -> VideoStream:
    """Return the stream of an opened file that its info is about.

    Raises
    ------
    DecodeError
        If the file no longer has it.
    """
    index = info.video.stream_index
    stream = container.streams[index] if index < len(container.streams) else None
    if not isinstance(stream, VideoStream):
        raise DecodeError(f"{info.name} was changed: its stream {index} is not a video stream")
    return stream


def _opened(file: MediaFile) -> InputContainer:
    try:
        return open_media(file)
    except av.error.InvalidDataError as exc:
        if lacks_index(file) and hides_index(file):
            raise DecodeError(
                f"{file.name} is damaged: bytes are missing, or too many, before its index (moov), "
                "and nothing in it can be found; copy it again from the recording device"
            ) from exc
        if lacks_index(file):
            raise DecodeError(
                f"{file.name} has no index (moov): the recording was cut off before it was "
                "finished, and nothing in it can be found; ask the recording device to repair it"
            ) from exc
        raise


def first_frame(container: InputContainer, stream: VideoStream, file: MediaFile) -> VideoFrame:
    """Decode the first frame that can be decoded; DecodeError if none comes soon."""
    damaged: av.error.FFmpegError | None = None
    for count, packet in enumerate(read_packets(container, [stream])):
        try:
            for frame in packet.decode():
                return frame
        except av.error.InvalidDataError as exc:
            damaged = exc
        if count > _FIRST_FRAME_PACKETS:
            break
    raise DecodeError(f"no frame of {file.name} can be decoded") from damaged


def _describe_video(
    container: InputContainer, stream: VideoStream, file: MediaFile
) -> tuple[VideoInfo, list[str]]:
    """Return what the stream is, and what of its frames a copy does not hold."""
    stream.thread_type = "NONE"
    rate = _frame_rate(stream)
    frame_count, start = stream.frames, stream.start_time
    codec = stream.codec_context
    if codec is None:
        raise DecodeError(f"{file.name} holds video in a codec that cannot be decoded")
    bit_rate = _bit_rate_bps(container, stream)
    time_base = stream.time_base or Fraction(1, av.time_base)
    aspect = Fraction(stream.sample_aspect_ratio or 1)
    frame = first_frame(container, stream, file)
    with file.open() as content:
        crop = crop_of(read_crops(content), stream, frame)
    described = VideoInfo(
        stream_index=stream.index,
        codec=codec.name,
        format=decoded_format(frame, crop, time_base, aspect),
        average_frame_rate=rate,
        bit_rate_bps=bit_rate,
        start_pts=start if start is not None else (frame.pts or 0),
        frame_count=frame_count or None,
        crop=crop,
    )
    return described, _lost_of_pixels(frame)


def _frame_rate(stream: VideoStream) -> Fraction:
    rate = stream.average_rate or stream.guessed_rate or stream.base_rate or Fraction(25)
    if stream.time_base and rate * stream.time_base == 1 and stream.guessed_rate:
        # raw DV: what is called the average is the unit of the clock
        return Fraction(stream.guessed_rate)
    return Fraction(rate)


def _bit_rate_bps(container: InputContainer, stream: VideoStream) -> int:
    if stream.bit_rate:
        return stream.bit_rate
    audio = sum(track.bit_rate or 0 for track in container.streams.audio)
    return max(container.bit_rate - audio, 0)


def _lost_of_pixels(frame: VideoFrame) -> list[str]:
    """Return what frames of 8 bits per sample and 4:2:0 colour do not hold."""
    lost = lost_bits(frame.format.name) + lost_color(frame.format.name)
    side_data = frame_side_data(frame)
    lost += [name for kind, name in _HDR_SIDE_DATA.items() if kind in side_data]
    return lost


def _dropped(container: InputContainer, kept: VideoStream, crop: Crop) -> tuple[str, ...]:
    held = {kept.index} | {stream.index for stream in audio_streams(container)}
    others = [
        phrase("left_stream", "{what} stream {index}", what=stream.type, index=stream.index)
        for stream in container.streams
        if stream.index not in held
    ]
    if crop:
        others.append(
            phrase(
                "left_crop",
                "what a crop hides of the frames (left {left}, top {top}, right {right}, bottom "
                "{bottom} px; 4:2:0 colour needs an even width and height)",
                left=crop.left,
                top=crop.top,
                right=crop.right,
                bottom=crop.bottom,
            )
        )
    chapters = len(container.chapters())
    return tuple(
        others
        + ([phrase("left_chapters", "{count} chapter marks", count=chapters)] if chapters else [])
    )
