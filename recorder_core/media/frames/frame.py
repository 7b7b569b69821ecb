"""One decoded frame: planes to read, and a copy to change.

Planes have 8 bits per sample. A frame of 10 bits shows the upper eight, and what was written
into them is committed by areas: there nothing is left of its own samples, lower bits included.

The planes that a detector reads are views on the decoder's own buffer, which it
still needs to predict later frames. Each view holds its own reference on that
buffer (through DLPack), so asking for a writable copy always copies, and views
taken before stay valid and unchanged.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import replace
from typing import Any, Final, Self, cast

import av
import numpy as np
from numpy.typing import NDArray

from recorder_core.errors import DecodeError, EncodeError
from recorder_core.media.container.crop import NO_CROP, Crop
from recorder_core.media.frames.rgb import frame_rgb
from recorder_core.model import FrameFormat, Planes

__all__ = ["Frame", "cropped", "plane_array", "sample_bits", "working_frame"]

_BT709: Final = 1
_LIMITED, _FULL = 1, 2
_BLACK_LIMITED: Final = 16
_NO_COLOR: Final = 128
#: of each sample that planes show
_PLANE_BITS: Final = 8


class Frame:
    """One frame of a video, in YUV 4:2:0 with 8 or 10 bits.

    Attributes
    ----------
    frame_index : int
        Counted from the video's first frame, in the order of presentation.
    pts, duration : int
        In the time base of its format.
    is_gap : bool
        The source could not be decoded here; the frame is black.
    """

    __slots__ = (
        "_crop",
        "_decoded",
        "_format",
        "_frame",
        "_is_uncommitted",
        "_planes",
        "_writable",
        "duration",
        "frame_index",
        "is_gap",
        "pts",
    )

    def __init__(
        self,
        frame: av.VideoFrame,
        frame_format: FrameFormat,
        *,
        frame_index: int,
        pts: int,
        duration: int,
        is_gap: bool = False,
        decoded: av.VideoFrame | None = None,
        crop: Crop = NO_CROP,
    ) -> None:
        self._frame = frame
        #: what the frame was converted from, where it is kept for `to_rgb`; what is hidden of it
        self._decoded, self._crop = decoded, crop
        self.frame_index = frame_index
        self.pts = pts
        self.duration = duration
        self.is_gap = is_gap
        self._format = frame_format
        self._planes: Planes | None = None
        self._writable = False
        #: whether something may be written that the frame does not hold yet
        self._is_uncommitted = False

    @classmethod
    def black(
        cls,
        frame_format: FrameFormat,
        *,
        frame_index: int,
        pts: int,
        duration: int,
        is_gap: bool = False,
    ) -> Self:
        """Return a black frame: for what shows nothing, or to be painted through `writable`."""
        frame = av.VideoFrame(frame_format.width, frame_format.height, frame_format.working_format)
        black = 0 if frame_format.full_range else _BLACK_LIMITED
        for plane_index, level in enumerate((black, _NO_COLOR, _NO_COLOR)):
            plane_array(frame, plane_index)[:] = level << (frame_format.sample_bits - _PLANE_BITS)
        frame.pts, frame.time_base = pts, frame_format.time_base
        return cls(
            frame, frame_format, frame_index=frame_index, pts=pts, duration=duration, is_gap=is_gap
        )

    @classmethod
    def of_planes(
        cls, planes: Planes, frame_format: FrameFormat, *, frame_index: int, pts: int, duration: int
    ) -> Self:
        """Return a frame that holds a copy of planes; they may be changed afterwards.

        Raises
        ------
        EncodeError
            If the format is of another size, or of more than 8 bits.
        """
        size = frame_format.width, frame_format.height
        if (planes.width, planes.height) != size or frame_format.sample_bits != _PLANE_BITS:
            raise EncodeError(
                f"planes of {planes.width}x{planes.height} and 8 bits are no frame of "
                f"{size[0]}x{size[1]} and {frame_format.sample_bits} bits"
            )
        frame = av.VideoFrame(*size, frame_format.working_format)
        for number, plane in enumerate((planes.y, planes.u, planes.v)):
            plane_array(frame, number)[:] = plane
        frame.pts, frame.time_base = pts, frame_format.time_base
        return cls(frame, frame_format, frame_index=frame_index, pts=pts, duration=duration)

    def __repr__(self) -> str:
        size = f"{self._frame.width}x{self._frame.height}"
        return (
            f"Frame(frame_index={self.frame_index}, pts={self.pts}, {size}, is_gap={self.is_gap})"
        )

    @property
    def format(self) -> FrameFormat:
        """What it has in common with the other frames of its video."""
        return self._format

    @property
    def seconds(self) -> float:
        """The frame's time stamp in seconds."""
        return self._format.seconds(self.pts)

    @property
    def av_frame(self) -> av.VideoFrame:
        """What the encoder takes; not for callers outside this package.

        Raises
        ------
        EncodeError
            If :meth:`commit` was not called after something may have been written.
        """
        if self._is_uncommitted:
            raise EncodeError(f"frame {self.frame_index} was changed and not committed")
        return self._frame

    @property
    def planes(self) -> Planes:
        """Views on the frame, read-only until :meth:`writable` was called."""
        if self._planes is None:
            self._planes = self._view()
        return self._planes

    def writable(self) -> Planes:
        """Copy the frame once and return views that may be written.

        What is written here is what the encoder gets, once it was committed; planes taken
        before keep showing the decoded frame.
        """
        if not self._writable:
            decoded = self.planes
            self._frame.make_writable()
            self._decoded = None
            self._writable = True
            self._is_uncommitted = self._shift > 0
            y, u, v = self._upper_bits() if self._shift else self._own_planes()
            self._planes = replace(decoded, y=y, u=u, v=v)
        return self.planes

    def paint_over(self, paint: Callable[[Planes], None]) -> None:
        """Change a frame of 8 bits in place, without a copy: one that nobody else has seen yet.

        Parameters
        ----------
        paint : callable
            Writes into the planes that it gets; they are those of the frame.
        """
        y, u, v = self._own_planes()
        paint(Planes(y, u, v, full_range=self._format.full_range, matrix=self._format.matrix))

    def to_rgb(self) -> NDArray[np.uint8]:
        """Return the frame as a player shows it: upright, with square pixels.

        Returns
        -------
        ndarray of uint8, shape (H, W, 3)
            Red, green and blue, full range.
        """
        if self._decoded is not None:
            return frame_rgb(self._decoded, self._format, self._crop)
        return frame_rgb(self.av_frame, self._format)

    def commit(self, areas: Iterable[tuple[int, int, int, int]]) -> None:
        """Write what was changed into the frame, inside areas; nothing else of it changes.

        Parameters
        ----------
        areas : iterable of tuple of int
            Left, top, right and bottom in pixels, right and bottom exclusive, inside the
            frame. Where the frame has 8 bits, what was written is in it already.
        """
        if self._is_uncommitted:
            written = (self.planes.y, self.planes.u, self.planes.v)
            for x0, y0, x1, y1 in areas:
                for number, plane in enumerate(written):
                    side = 2 if number else 1
                    area = np.s_[y0 // side : -(-y1 // side), x0 // side : -(-x1 // side)]
                    samples = plane[area].astype(np.uint16) << self._shift
                    plane_array(self._frame, number)[area] = samples
        self._is_uncommitted = False

    @property
    def _shift(self) -> int:
        return sample_bits(self._frame) - _PLANE_BITS

    def _own_planes(self) -> list[NDArray[np.uint8]]:
        return [plane_array(self._frame, number) for number in range(3)]

    def _upper_bits(self) -> list[NDArray[np.uint8]]:
        planes = (plane_array(self._frame, number) for number in range(3))
        return [(plane >> self._shift).astype(np.uint8) for plane in planes]

    def _view(self) -> Planes:
        if self._shift:
            y, u, v = self._upper_bits()
        else:
            # PyAV's type information lacks __dlpack__, which the compiled class has
            planes: Any = self._frame.planes
            y, u, v = (cast("NDArray[np.uint8]", np.from_dlpack(plane)) for plane in planes)
        return Planes(y, u, v, full_range=self._format.full_range, matrix=self._format.matrix)


def sample_bits(frame: av.VideoFrame) -> int:
    """Return how many bits each sample of a frame has."""
    return frame.format.components[0].bits


def plane_array(frame: av.VideoFrame, plane_index: int) -> NDArray[Any]:
    """Return one plane as a view that may be written.

    Returns
    -------
    ndarray of shape (height, width)
        uint8, or uint16 where samples have more than 8 bits.
    """
    plane: Any = frame.planes[plane_index]
    kind = np.dtype(np.uint8 if sample_bits(frame) == _PLANE_BITS else "<u2")
    padded: NDArray[Any] = np.frombuffer(plane, kind)
    return padded.reshape(plane.height, plane.line_size // kind.itemsize)[:, : plane.width]


def working_frame(
    frame: av.VideoFrame, frame_format: FrameFormat, where: str, crop: Crop = NO_CROP
) -> av.VideoFrame:
    """Return the frame in the video's working format, itself where it already is.

    Parameters
    ----------
    frame : VideoFrame
        As the decoder gives it.
    frame_format : FrameFormat
        Of the video.
    where : str
        Names the frame in messages.
    crop : Crop
        What of the frame its container hides.

    Raises
    ------
    DecodeError
        If the frame's size or format is not the one the video began with.
    """
    wanted = (frame_format.width, frame_format.height)
    if crop.size_of(frame.width, frame.height) != wanted:
        raise DecodeError(
            f"the frames change from {frame_format.width}x{frame_format.height} to "
            f"{frame.width}x{frame.height} {where}; bring them to one size by encoding: ffmpeg -i "
            f"INPUT -vf {_one_size(frame_format)} -crf 12 new.mp4"
        )
    if frame.format.name == frame_format.working_format:
        return cropped(frame, crop)
    if frame.format.name != frame_format.pixel_format:
        raise DecodeError(
            f"the frames change from {frame_format.pixel_format} to {frame.format.name} {where}; "
            "bring them to one format by encoding: ffmpeg -i INPUT -pix_fmt "
            f"{frame_format.working_format} -crf 12 new.mp4"
        )
    return cropped(_converted(frame, frame_format), crop)


def _one_size(frame_format: FrameFormat) -> str:
    """Return the filters of FFmpeg that fit every frame into the first one's size."""
    size = f"{frame_format.width}:{frame_format.height}"
    return f"scale={size}:force_original_aspect_ratio=decrease,pad={size}:-1:-1"


def cropped(frame: av.VideoFrame, crop: Crop) -> av.VideoFrame:
    """Return what a container does not hide of a planar frame; itself where it hides nothing."""
    if not crop:
        return frame
    shown = av.VideoFrame(*crop.size_of(frame.width, frame.height), frame.format.name)
    for number, plane in enumerate(shown.planes):
        sample_px = round(frame.planes[0].width / frame.planes[number].width)
        left, top = crop.left // sample_px, crop.top // sample_px
        part = np.s_[top : top + plane.height, left : left + plane.width]
        plane_array(shown, number)[:] = plane_array(frame, number)[part]
    shown.pts, shown.time_base = frame.pts, frame.time_base
    return shown


def _converted(frame: av.VideoFrame, frame_format: FrameFormat) -> av.VideoFrame:
    if frame.format.name == "gray":
        return _from_gray(frame, frame_format)
    if frame.format.is_rgb:
        return frame.reformat(
            format=frame_format.working_format,
            dst_colorspace=_BT709,
            dst_color_range=_LIMITED,
            threads=1,
        )
    level = _FULL if frame_format.full_range else _LIMITED
    return frame.reformat(
        format=frame_format.working_format, src_color_range=level, dst_color_range=level, threads=1
    )


def _from_gray(frame: av.VideoFrame, frame_format: FrameFormat) -> av.VideoFrame:
    """Add two empty chroma planes to a grey frame; libswscale would rescale its levels."""
    result = av.VideoFrame(frame.width, frame.height, frame_format.working_format)
    plane_array(result, 0)[:] = plane_array(frame, 0)
    for chroma in (1, 2):
        plane_array(result, chroma)[:] = _NO_COLOR
    result.pts, result.time_base = frame.pts, frame.time_base
    return result
