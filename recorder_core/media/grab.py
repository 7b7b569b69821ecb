"""Single pictures of a video that is read through a file object, such as a sealed one.

Nothing of the video touches a disk: the file object may be one that decrypts.
"""

from __future__ import annotations

from collections.abc import Generator, Iterator, Mapping, Sequence
from contextlib import closing
from pathlib import Path
from typing import Final

import av.error
import numpy as np
from av.container import InputContainer
from av.packet import Packet
from av.video.frame import VideoFrame
from av.video.reformatter import ColorRange, Colorspace, Interpolation
from av.video.stream import VideoStream
from numpy.typing import NDArray

from recorder_core.errors import DecodeError
from recorder_core.media.container_crop import Crop, read_crops
from recorder_core.media.demux import read_packets
from recorder_core.media.ffmpeg_errors import reading
from recorder_core.media.info import matrix_of
from recorder_core.media.probe import ByteSource, crop_of, display_matrix, open_stream, video_stream
from recorder_core.media.source_clock import FILE_CLOCK, SourceClock
from recorder_core.model import ColorMatrix, Orientation

__all__ = ["grab_pictures"]

#: no decoder holds more pictures back than this to put them in order (H.264, A.3.1)
_REORDERED_PICTURES: Final = 16
#: a picture so little ahead of the last one is decoded to, not sought
_NEAR_SECONDS: Final = 0.5
_COLORSPACES: Final[Mapping[ColorMatrix, Colorspace]] = {
    "bt601": Colorspace.ITU601,
    "bt709": Colorspace.ITU709,
    "bt2020": Colorspace.BT2020,
}
_EXACT: Final = Interpolation.BICUBIC | Interpolation.ACCURATE_RND | Interpolation.FULL_CHR_H_INT


def grab_pictures(
    file: ByteSource,
    pts: Sequence[int],
    name: str,
    clock: SourceClock = FILE_CLOCK,
    *,
    stream_index: int | None = None,
) -> Generator[NDArray[np.uint8], None, None]:
    """Decode the pictures with the given time stamps.

    Parameters
    ----------
    file : ByteSource
        A whole video.
    pts : sequence of int
        In the time base of its video stream, as the frame index has them.
    name : str
        What the video is, for messages.
    clock : SourceClock
        Of the frame index.
    stream_index : int, optional
        The stream of the frame index; unless given, the one that a player shows.

    Yields
    ------
    ndarray, (height, width, 3) uint8
        RGB as a player shows it: upright and with square pixels. In the order of `pts`.
        Close the generator when leaving early.

    Raises
    ------
    DecodeError
        If it is no video, or if one of the pictures is missing or damaged.
    """
    with reading(Path(name)), closing(_Opened(file, name, clock, stream_index)) as video:
        for wanted in pts:
            yield video.picture(wanted)


class _Opened:
    """A video, opened again from its beginning where a container seeks badly."""

    def __init__(
        self, file: ByteSource, name: str, clock: SourceClock, stream_index: int | None
    ) -> None:
        self._file = file
        self._name = name
        self._clock = clock
        self._stream_index = stream_index
        self._crops = read_crops(file)
        self._container, self._stream = self._open()
        self._frames = self._decode()
        self._last_pts = 0

    def picture(self, pts: int) -> NDArray[np.uint8]:
        """Return the picture with a time stamp."""
        frame = self._find(pts) if self._is_ahead(pts) else None
        if frame is None:
            self._clock.seek(self._container, self._stream, pts)
            self._frames = self._decode()
            frame = self._find(pts)
        if frame is None:
            self.close()
            self._container, self._stream = self._open()
            self._frames = self._decode()
            frame = self._find(pts)
        if frame is None:
            seconds = float(pts * (self._stream.time_base or 0))
            raise DecodeError(
                f"the picture at second {seconds:.1f} of {self._name} is missing or damaged"
            )
        return _as_shown(frame, self._stream, crop_of(self._crops, self._stream, frame))

    def close(self) -> None:
        """Close the video; the file stays open."""
        self._container.close()

    def _open(self) -> tuple[InputContainer, VideoStream]:
        self._file.seek(0)
        container = open_stream(self._file)
        stream = video_stream(container, self._stream_index)
        if stream is None:
            container.close()
            raise DecodeError(f"{self._name} holds no video")
        return container, stream

    def _is_ahead(self, pts: int) -> bool:
        """Return whether decoding on is less work than decoding from a keyframe."""
        ahead = float((pts - self._last_pts) * (self._stream.time_base or 0))
        return 0 < ahead <= _NEAR_SECONDS

    def _find(self, pts: int) -> VideoFrame | None:
        """Decode on until a picture comes whole, or cannot come any more."""
        later = 0
        for frame in self._frames:
            self._last_pts = frame.pts or 0
            if frame.pts == pts and not frame.is_corrupt:
                return frame
            later += frame.pts is not None and frame.pts > pts
            if later > _REORDERED_PICTURES:
                return None
        return None

    def _decode(self) -> Iterator[VideoFrame]:
        packets = read_packets(self._container, [self._stream])
        for packet in self._clock.correct(packets):
            yield from _decoded(self._stream, packet)


def _decoded(stream: VideoStream, packet: Packet[VideoStream]) -> list[VideoFrame]:
    try:
        return stream.codec_context.decode(packet)
    except av.error.InvalidDataError:
        return []  # what is damaged is missed where somebody wants it


def _as_shown(frame: VideoFrame, stream: VideoStream, crop: Crop) -> NDArray[np.uint8]:
    is_full = frame.color_range == ColorRange.JPEG or frame.format.name.startswith("yuvj")
    width, height = crop.size_of(frame.width, frame.height)
    across = frame.width * (stream.sample_aspect_ratio or 1)
    shown = frame.reformat(
        width=round(across),
        format="rgb24",
        src_colorspace=_COLORSPACES[matrix_of(int(frame.colorspace), frame.height)],
        src_color_range=ColorRange.JPEG if is_full else ColorRange.MPEG,
        dst_color_range=ColorRange.JPEG,
        interpolation=_EXACT,
    )
    stretch = shown.width / frame.width
    left, top = round(crop.left * stretch), crop.top
    seen = shown.to_ndarray()[top : top + height, left : left + round(width * stretch)]
    return Orientation.of_matrix(display_matrix(frame)).show(seen)
