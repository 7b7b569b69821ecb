"""The decoded frames of one stream of a live input."""

from __future__ import annotations

from collections.abc import Iterator
from fractions import Fraction
from typing import Any, Final

import av.error
import numpy as np
from av.packet import Packet
from av.video.frame import VideoFrame
from av.video.plane import VideoPlane
from av.video.stream import VideoStream
from numpy.typing import NDArray

from recorder_core.errors import DecodeError, SettingsError
from recorder_core.media.container.crop import NO_CROP
from recorder_core.media.container.decoded_format import decoded_format
from recorder_core.media.frames.frame import Frame, working_frame
from recorder_core.media.live.arrivals import Damaged
from recorder_core.media.live.deinterlacing import Deinterlacer, FieldOrder
from recorder_core.model import FrameFormat

__all__ = ["FrameStream"]

_MICROSECOND: Final = Fraction(1, 1_000_000)
#: streams without a rate are said to have that of their clock
_MIN_RATE, _MAX_RATE = 1, 240


class FrameStream:
    """Decode the packets of a stream of video, whose format may change while it runs.

    Interlaced frames become whole ones.

    Parameters
    ----------
    stream : VideoStream
        Of an open input. It is decoded by one thread: several would hold frames back.
    first_index : int
        Of its first frame.
    is_lent : bool
        Whether the input takes back the memory of its frames when it is closed, as that of
        Video4Linux does: then they are copied.
    order : {"top", "bottom"}, optional
        Which field is earlier, of an input whose frames are interlaced without saying it.
    """

    def __init__(
        self,
        stream: VideoStream,
        first_index: int = 0,
        *,
        is_lent: bool = False,
        order: FieldOrder | None = None,
    ) -> None:
        self.stream, self._is_lent = stream, is_lent
        self._deinterlacer = Deinterlacer(order)
        stream.thread_type = "NONE"
        self.time_base = stream.time_base or _MICROSECOND
        self._aspect = Fraction(stream.sample_aspect_ratio or 1)
        self._format: FrameFormat | None = None
        self._seen: tuple[object, ...] = ()
        #: of the next frame
        self.next_index = first_index
        self._next_pts = 0

    @property
    def frame_rate(self) -> float | None:
        """Frames per second, where the stream says what can be."""
        said = (self.stream.average_rate, self.stream.guessed_rate)
        return next((float(rate) for rate in said if rate and _MIN_RATE <= rate <= _MAX_RATE), None)

    def decode(self, packet: Packet[Any]) -> Iterator[Frame | Damaged]:
        """Yield the frames that a packet completes; what is damaged is said, and left out."""
        try:
            frames = self.stream.codec_context.decode(packet)
        except av.error.FFmpegError:
            yield Damaged("video")
            return
        for frame in frames:
            if frame.is_corrupt:
                yield Damaged("video")
            else:
                yield from self._whole(_copied(frame) if self._is_lent else frame)

    def _whole(self, frame: VideoFrame) -> Iterator[Frame | Damaged]:
        try:
            for whole in self._deinterlacer.whole(frame):
                yield self._framed(whole)
        except (av.error.FFmpegError, ValueError):
            yield Damaged("video")

    def _framed(self, frame: VideoFrame) -> Frame | Damaged:
        pts = self._next_pts if frame.pts is None else self._in_time_base(frame.pts, frame)
        duration = self._in_time_base(frame.duration or 0, frame)
        duration = max(duration or self._usual_duration(), 1)
        self._next_pts = pts + duration
        try:
            shown = working_frame(frame, self._format_of(frame), "now")
        except (DecodeError, SettingsError, av.error.FFmpegError, ValueError):
            return Damaged("video")
        framed = Frame(
            shown, self._format_of(frame), frame_index=self.next_index, pts=pts, duration=duration
        )
        self.next_index += 1
        return framed

    def _format_of(self, frame: VideoFrame) -> FrameFormat:
        """Return the format of a frame; made anew where it is not that of the frame before."""
        seen = (
            frame.width,
            frame.height,
            frame.format.name,
            frame.colorspace,
            frame.color_range,
        )
        if self._format is None or seen != self._seen:
            self._format = decoded_format(frame, NO_CROP, self.time_base, self._aspect)
            self._seen = seen
        return self._format

    def _in_time_base(self, value: int, frame: VideoFrame) -> int:
        """Return a time of a frame in the stream's time base; one from a filter has another."""
        if frame.time_base in (None, self.time_base):
            return value
        return round(value * frame.time_base / self.time_base)

    def _usual_duration(self) -> int:
        rate = self.frame_rate
        return round(1 / (rate * self.time_base)) if rate else 1


def _copied(frame: VideoFrame) -> VideoFrame:
    """Return a frame in memory of its own; what is asked of the frame itself may keep it."""
    copy = VideoFrame(frame.width, frame.height, frame.format.name)
    for target, source in zip(copy.planes, frame.planes, strict=True):
        _rows(target, source.line_size)[:] = _rows(source, target.line_size)
    copy.pts, copy.time_base = frame.pts, frame.time_base
    copy.colorspace, copy.color_range = frame.colorspace, frame.color_range
    copy.color_primaries, copy.color_trc = frame.color_primaries, frame.color_trc
    copy.duration = frame.duration
    return copy


def _rows(plane: VideoPlane, other_bytes: int) -> NDArray[np.uint8]:
    """Return the rows of a plane, as long as those of another."""
    content: Any = plane
    rows = np.frombuffer(content, np.uint8).reshape(plane.height, plane.line_size)
    return rows[:, : min(plane.line_size, other_bytes)]
