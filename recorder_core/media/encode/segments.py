"""Segments: the pieces in which a video is encoded, kept and joined.

A segment is a small MP4 file of closed GOPs made by an encoder of its own, so
any two segments of one video and the same settings can be joined by copying
packets. Its time stamps are the source's, from `VideoInfo.origin_pts` on.
"""

from __future__ import annotations

from collections.abc import Iterable
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from types import TracebackType
from typing import Any, Final, Self

import av
from av.container import OutputContainer
from av.packet import Packet

from recorder_core.errors import EncodeError
from recorder_core.media.container.info import VideoInfo
from recorder_core.media.encode.encoder import video_time_base
from recorder_core.media.encode.frame_encoder import FrameEncoder
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
        expected_bps = settings.expected_bps(
            video.format, video.average_frame_rate, video.bit_rate_bps
        )
        self._needed_bytes = int(expected_bps * seconds / _BITS_PER_BYTE) or None
        self._first_index = 0
        self._pts: list[int] = []

    def __enter__(self) -> Self:
        with ExitStack() as resources:
            self._temporary = resources.enter_context(finished_file(self._path, self._needed_bytes))
            self._container = resources.enter_context(_open_segment(self._temporary, self._video))
            self._encoder = FrameEncoder(
                self._container,
                self._video.format,
                self._settings,
                frame_rate=self._video.average_frame_rate,
                source_bps=self._video.bit_rate_bps,
                origin_pts=self._video.origin_pts,
                counts_errors=True,
            )
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
        with writing(self._temporary, self._needed_bytes):
            self._mux(self._encoder.encode(frame))
        if not self._pts:
            self._first_index = frame.frame_index
        self._pts.append(frame.pts)

    @property
    def luma_errors(self) -> list[int]:
        """Sum of the squared luma errors of each encoded frame."""
        return self._encoder.luma_errors

    def finish(self) -> SegmentInfo:
        """Write what the encoder still holds, sync the file and give it its name."""
        with writing(self._temporary, self._needed_bytes):
            self._mux(self._encoder.finish())
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
            self._container.mux_one(packet)


def _open_segment(path: Path, video: VideoInfo) -> OutputContainer:
    scale = str(video_time_base(video.format).denominator)
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
