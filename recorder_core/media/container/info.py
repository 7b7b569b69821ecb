"""What a video file holds, as data.

Time stamps are integers in the stream's ``time_base``.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from fractions import Fraction

from recorder_core.media.container.crop import NO_CROP, Crop
from recorder_core.media.files.media_file import MediaFile
from recorder_core.model import FrameFormat, ShownGeometry

__all__ = [
    "AudioInfo",
    "MediaInfo",
    "VideoInfo",
]


@dataclass(frozen=True, slots=True)
class VideoInfo:
    """The video stream of a file."""

    stream_index: int
    codec: str
    #: of its frames; all that does not depend on there being a file
    format: FrameFormat
    #: frames per second: what the container says, until they were counted
    #: (:meth:`FrameIndex.frame_rate`); what happens when never depends on it
    average_frame_rate: Fraction
    #: bits a second, measured from the file's size where the container does not say
    bit_rate_bps: int
    #: first frame's time stamp as the container gives it, in time_base
    start_pts: int
    #: what the container counts; None where it does not
    frame_count: int | None
    #: what the container hides of the decoded frame, to whole chroma samples
    crop: Crop = NO_CROP

    @property
    def width(self) -> int:
        """Pixels of a row, as in `format`."""
        return self.format.width

    @property
    def height(self) -> int:
        """Rows of a frame, as in `format`."""
        return self.format.height

    @property
    def time_base(self) -> Fraction:
        """Seconds per unit of pts, as in `format`."""
        return self.format.time_base

    @property
    def geometry(self) -> ShownGeometry:
        """How a player shows the frames, as in `format`."""
        return self.format.geometry

    @property
    def origin_pts(self) -> int:
        """What segments count as zero: the start of a clock that begins before zero.

        FFmpeg counts a transport stream whose 33-bit clock is about to wrap from there.
        """
        return min(self.start_pts, 0)

    def seconds(self, pts: int) -> float:
        """Return a time stamp in seconds."""
        return self.format.seconds(pts)

    def shown_seconds(self, pts: int) -> float:
        """Return when a player shows what has a time stamp, in seconds from the first frame.

        For messages: a clock may begin anywhere, and what is damaged may lie before it.
        """
        return self.seconds(max(pts - self.start_pts, 0))


@dataclass(frozen=True, slots=True)
class AudioInfo:
    """One audio stream."""

    stream_index: int
    codec: str
    sample_rate_hz: int
    channels: int
    bit_rate_bps: int | None


@dataclass(frozen=True, slots=True)
class MediaInfo:
    """What a file holds, and what of it a de-identified copy will not."""

    file: MediaFile = field(repr=False)
    #: FFmpeg's name of the container, such as ``mov,mp4,m4a,3gp,3g2,mj2``
    container: str
    duration_seconds: float
    size_bytes: int
    video: VideoInfo
    audio: tuple[AudioInfo, ...]
    #: other streams and chapters, in words, that a de-identified copy drops
    dropped: tuple[str, ...]
    #: bits, colour and side data, in words, that frames lose when they are encoded again
    lost_of_pixels: tuple[str, ...] = ()

    @property
    def name(self) -> str:
        """What the file is, for messages."""
        return self.file.name

    @property
    def not_carried_over(self) -> tuple[str, ...]:
        """All that a de-identified copy will not hold."""
        return self.lost_of_pixels + self.dropped

    @property
    def is_mp4(self) -> bool:
        """Whether the file is MP4 or QuickTime."""
        return "mp4" in self.container
