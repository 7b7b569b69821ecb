"""Segments: the pieces in which a video is encoded, kept and joined.

A segment is a small MP4 file of closed GOPs made by an encoder of its own, so
any two segments of one video and the same settings can be joined by copying
packets. Its time stamps are the source's, from `VideoInfo.origin_pts` on.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from types import TracebackType
from typing import Any, Final, Self

import av
from av.container import OutputContainer
from av.packet import Packet
from av.video.frame import PictureType

from recorder_core.errors import EncodeError
from recorder_core.media.container.info import VideoInfo
from recorder_core.media.encode.encoder import add_encoder, sei_filter, video_time_base
from recorder_core.media.encode.luma_errors import LumaErrors
from recorder_core.media.encode.settings import EncoderSettings
from recorder_core.media.ffmpeg_errors import writing
from recorder_core.media.files.finished import file_sha256, finished_file
from recorder_core.media.frames.frame import Frame

__all__ = ["SegmentEncoder", "SegmentInfo", "write_segment"]

_BITS_PER_BYTE: Final = 8


@dataclass(frozen=True, slots=True)
class SegmentInfo:
    """A finished segment."""

    path: Path = field(repr=False)
    first_index: int
    stop_index: int
    #: one per frame, in the source's time base
    pts: tuple[int, ...] = field(repr=False)
    size_bytes: int
    #: of the file
    sha256: str


class SegmentEncoder:
    """Encode frames into one segment file; a context manager.

    Leaving it with an error, or without :meth:`finish`, leaves no file.

    Parameters
    ----------
    path : Path
        The segment's final name, ending in ``.mp4``.
    video : VideoInfo
        The source's video.
    settings : EncoderSettings
        The same for all segments of a video.
    seconds : float, optional
        About how long the segment will be, for the message about a full disk.

    Raises
    ------
    EncodeError
        If the encoder cannot be opened or the file cannot be written.
    """

    def __init__(
        self, path: Path, video: VideoInfo, settings: EncoderSettings, *, seconds: float = 0.0
    ) -> None:
        self._path, self._video, self._settings = path, video, settings
        self._needed_bytes = int(settings.expected_bps(video) * seconds / _BITS_PER_BYTE) or None
        self._first_index = 0
        self._pts: list[int] = []
        #: place of the first frame of the GOP
        self._gop_place = 0
        #: (pts, duration) of frames that the encoder still holds
        self._waiting: deque[tuple[int, int]] = deque()

    def __enter__(self) -> Self:
        with ExitStack() as resources:
            self._temporary = resources.enter_context(finished_file(self._path, self._needed_bytes))
            self._container = resources.enter_context(_open_segment(self._temporary, self._video))
            self._stream = add_encoder(self._container, self._video, self._settings)
            self._errors = LumaErrors(self._stream, self._settings)
            self._filter = sei_filter(self._settings)
            self._resources = resources.pop_all()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        # after finish() nothing is left to close, and nothing is removed
        error = error or EncodeError(f"segment {self._path.name} was not finished")
        self._resources.__exit__(type(error), error, trace)

    def encode(self, frame: Frame) -> None:
        """Encode the next frame.

        Raises
        ------
        EncodeError
            If it is not the frame after the last one, or the file cannot be written.
        """
        if not self._pts:
            self._first_index = frame.frame_index
        elif frame.frame_index != self._first_index + len(self._pts):
            expected = self._first_index + len(self._pts)
            raise EncodeError(f"frame {frame.frame_index} came where {expected} was expected")
        shown = frame.av_frame
        shown.pict_type = PictureType.I if self._begins_gop(frame.pts) else PictureType.NONE
        self._pts.append(frame.pts)
        self._waiting.append((frame.pts, frame.duration))
        shown.pts, shown.time_base = frame.pts, self._video.time_base
        self._errors.expect(shown)
        with writing(self._temporary, self._needed_bytes):
            self._mux(self._stream.encode(shown))

    @property
    def luma_errors(self) -> list[int]:
        """Sum of the squared luma errors of each encoded frame."""
        return self._errors.sums

    def _begins_gop(self, pts: int) -> bool:
        place = len(self._pts)
        if place:
            after = pts - self._pts[self._gop_place]
            if not self._settings.begins_gop(place - self._gop_place, after, self._video):
                return False
        self._gop_place = place
        return True

    def finish(self) -> SegmentInfo:
        """Write what the encoder still holds, sync the file and give it its name."""
        with writing(self._temporary, self._needed_bytes):
            self._mux(self._stream.encode(None))
            for packet in self._filter.filter(None):
                self._mux_one(packet)
            self._errors.finish()
        if self._waiting or not self._pts:
            raise EncodeError(f"the encoder lost {len(self._waiting)} of {len(self._pts)} frames")
        self._resources.close()
        return SegmentInfo(
            path=self._path,
            first_index=self._first_index,
            stop_index=self._first_index + len(self._pts),
            pts=tuple(self._pts),
            size_bytes=self._path.stat().st_size,
            sha256=file_sha256(self._path),
        )

    def _mux(self, packets: Iterable[Packet[Any]]) -> None:
        for packet in packets:
            self._errors.add(packet)
            for filtered in self._filter.filter(packet):
                self._mux_one(filtered)

    def _mux_one(self, packet: Packet[Any]) -> None:
        pts, duration = self._waiting.popleft()
        if packet.pts != pts:
            raise EncodeError(f"the encoder gave timestamp {packet.pts} where {pts} was expected")
        packet.stream, packet.time_base = self._stream, self._video.time_base
        packet.pts = packet.dts = pts - self._video.origin_pts
        packet.duration = duration
        self._container.mux_one(packet)


def _open_segment(path: Path, video: VideoInfo) -> OutputContainer:
    scale = str(video_time_base(video).denominator)
    options = {"movie_timescale": scale, "video_track_timescale": scale, "fflags": "+bitexact"}
    return av.open(f"file:{path}", "w", format="mp4", container_options=options)


def write_segment(
    path: Path, video: VideoInfo, settings: EncoderSettings, frames: Iterable[Frame]
) -> SegmentInfo:
    """Encode frames into one segment file.

    Raises
    ------
    EncodeError
        If there is no frame, or the file cannot be written; nothing is left then.
    """
    with SegmentEncoder(path, video, settings) as segment:
        for frame in frames:
            segment.encode(frame)
        return segment.finish()
