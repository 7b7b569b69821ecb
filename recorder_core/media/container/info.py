"""What a video file holds, as data.

Time stamps are integers in the stream's ``time_base``. Colour tags are the
numbers of ITU-T H.273, 2 meaning "not said", as FFmpeg has them; the range is
0 (not said), 1 (limited) or 2 (full).
"""

from __future__ import annotations

from dataclasses import dataclass, field
from fractions import Fraction
from typing import Final, Literal

from recorder_core.media.container.crop import NO_CROP, Crop
from recorder_core.media.files.media_file import MediaFile
from recorder_core.model import ColorMatrix, Orientation, ShownGeometry

__all__ = [
    "RGB_BECOMES_MATRIX",
    "RGB_BECOMES_RANGE",
    "AudioInfo",
    "MediaInfo",
    "SampleBits",
    "VideoInfo",
    "WorkingFormat",
    "matrix_of",
]

#: how frames are held between decoder and encoder; the j says full range
WorkingFormat = Literal["yuv420p", "yuvj420p", "yuv420p10le"]
SampleBits = Literal[8, 10]

_MATRICES: Final[dict[int, ColorMatrix]] = {
    1: "bt709",
    4: "bt601",
    5: "bt601",
    6: "bt601",
    9: "bt2020",
    10: "bt2020",
}
#: colour tags of frames that were RGB: BT.709, limited range
RGB_BECOMES_MATRIX: Final = 1
RGB_BECOMES_RANGE: Final = 1
_FULL_RANGE: Final = 2
#: frames of at least this many lines are taken as BT.709 where no tag says it
_HIGH_DEFINITION_LINES: Final = 720


def matrix_of(color_matrix: int, height: int) -> ColorMatrix:
    """Return the matrix that a colour tag means, guessed from the height where it says none."""
    guess: ColorMatrix = "bt709" if height >= _HIGH_DEFINITION_LINES else "bt601"
    return _MATRICES.get(color_matrix, guess)


@dataclass(frozen=True, slots=True)
class VideoInfo:
    """The video stream of a file."""

    stream_index: int
    codec: str
    #: pixels, as stored but for what the container hides, before rotation
    width: int
    height: int
    #: FFmpeg's name for what the decoder gives
    pixel_format: str
    time_base: Fraction
    #: frames per second: what the container says, until they were counted
    #: (:meth:`FrameIndex.frame_rate`); what happens when never depends on it
    average_frame_rate: Fraction
    #: bits a second, measured from the file's size where the container does not say
    bit_rate_bps: int
    #: first frame's time stamp as the container gives it, in time_base
    start_pts: int
    #: what the container counts; None where it does not
    frame_count: int | None
    #: how a player mirrors and turns the frame: FFmpeg's nine numbers, None where there are none
    display_matrix: tuple[int, ...] | None = None
    #: what the container hides of the decoded frame, to whole chroma samples
    crop: Crop = NO_CROP
    color_primaries: int = 2
    color_transfer: int = 2
    color_matrix: int = 2
    color_range: int = 0
    sample_aspect_ratio: Fraction = Fraction(1)
    interlaced: bool = False
    #: of the frames between decoder and encoder, and of the copy; see `keep_depth`
    sample_bits: SampleBits = 8

    @property
    def geometry(self) -> ShownGeometry:
        """How a player shows the frames."""
        orientation = Orientation.of_matrix(self.display_matrix)
        return ShownGeometry(self.width, self.height, self.sample_aspect_ratio, orientation)

    @property
    def full_range(self) -> bool:
        """Whether Y, U and V use 0..255."""
        return self.color_range == _FULL_RANGE or self.pixel_format.startswith("yuvj")

    @property
    def matrix(self) -> ColorMatrix:
        """The matrix between RGB and YUV, guessed from the size where no tag says it."""
        return matrix_of(self.color_matrix, self.height)

    @property
    def working_format(self) -> WorkingFormat:
        """How frames are held between decoder and encoder."""
        if self.sample_bits > 8:
            return "yuv420p10le"
        return "yuvj420p" if self.pixel_format.startswith("yuvj") else "yuv420p"

    @property
    def origin_pts(self) -> int:
        """What segments count as zero: the start of a clock that begins before zero.

        FFmpeg counts a transport stream whose 33-bit clock is about to wrap from there.
        """
        return min(self.start_pts, 0)

    def seconds(self, pts: int) -> float:
        """Return a time stamp in seconds."""
        return float(pts * self.time_base)

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
