"""A video, opened once: what it holds, its frames and when each of them is shown."""

from __future__ import annotations

import math
import operator
from collections.abc import Callable, Generator
from dataclasses import replace
from fractions import Fraction
from types import TracebackType
from typing import Final, Self

import numpy as np
from numpy.typing import NDArray

from recorder_core.errors import EncodeError, SettingsError
from recorder_core.media.container.info import MediaInfo
from recorder_core.media.container.probe import probe
from recorder_core.media.container.source_clock import FILE_CLOCK, SourceClock
from recorder_core.media.decode.frame_reader import FrameReader
from recorder_core.media.decode.sequential import Gap, decode_frames, find_gaps
from recorder_core.media.files.byte_streams import ByteSink
from recorder_core.media.files.finished import hash_beside
from recorder_core.media.files.media_file import MediaFile, VideoSource, media_file
from recorder_core.media.frames.frame import Frame, working_frame
from recorder_core.media.index.frame_index import FrameIndex, index_frames
from recorder_core.media.index.packet_list import PacketList
from recorder_core.media.output.remux import remux
from recorder_core.model import FrameTimes

__all__ = ["Video", "open_video"]


def open_video(
    source: VideoSource,
    *,
    name: str | None = None,
    stream_index: int | None = None,
    salvage: bool = False,
    times: FrameTimes | None = None,
) -> Video:
    """Open a video.

    Parameters
    ----------
    source : str, Path or file object
        A binary file object that can go back, such as one that decrypts. It stays the caller's,
        is read from its beginning, and must stay open as long as the video is.
    name : str, optional
        What a file object is, for messages; no name of a person.
    stream_index : int, optional
        The number of a stream of video; unless given, the one that a player shows.
    salvage : bool
        Take what a damaged or cut-off file still holds instead of refusing it.
    times : FrameTimes, optional
        When its frames are shown, from its index of an earlier day: MP4 is then not read through
        to find a frame.

    Returns
    -------
    Video
        A context manager.

    Raises
    ------
    DecodeError
        If there is no such file, it is no video, or still being written.
    SettingsError
        If the chosen stream is no video.
    """
    file = media_file(source, name)
    file.check()
    check_unchanged = file.watch()
    return Video(probe(file, stream_index), check_unchanged, salvage=salvage, times=times)


class Video:
    """A video; :func:`open_video` makes one.

    A context manager. Threads may decode side by side; `frame` and `frame_at` belong to one.

    Parameters
    ----------
    info : MediaInfo
        From :func:`~recorder_core.media.probe`.
    check_unchanged : callable
        Raises DecodeError if the file was changed since it was opened.
    salvage : bool
        Take what a damaged or cut-off file still holds.
    times : FrameTimes, optional
        Of its frames.

    Attributes
    ----------
    check_unchanged : callable
        Raises DecodeError if the file was changed since it was opened.
    """

    def __init__(
        self,
        info: MediaInfo,
        check_unchanged: Callable[[], None],
        *,
        salvage: bool = False,
        times: FrameTimes | None = None,
    ) -> None:
        self.check_unchanged: Final = check_unchanged
        self._info = info
        self._salvage = salvage
        self._times = times if times is not None and _fits(times, info) else None
        self._index: FrameIndex | None = None
        self._gaps: tuple[Gap, ...] | None = None
        self._reader: FrameReader | None = None

    @property
    def file(self) -> MediaFile:
        """Where its bytes are."""
        return self._info.file

    @property
    def info(self) -> MediaInfo:
        """What it holds; the average frame rate is counted once the index was read."""
        return self._info

    @property
    def index(self) -> FrameIndex:
        """Every frame and when it is shown; the first time it is asked for, all packets are read.

        Raises
        ------
        DecodeError
            If the file is cut off or damaged and it was not opened to salvage it.
        """
        if self._index is None:
            self._index = self._with_rate(index_frames(self._info, salvage=self._salvage))
        return self._index

    @property
    def gaps(self) -> tuple[Gap, ...]:
        """Frames that cannot be decoded and are black; none but where damage is salvaged."""
        if self._gaps is None:
            self._gaps = find_gaps(self._info, self.index) if self._salvage else ()
        return self._gaps

    @property
    def sha256(self) -> str:
        """SHA-256 of the file, as hexadecimal digits; reads all of it."""
        with hash_beside(self.file) as digest:
            return digest()

    def __len__(self) -> int:
        return len(self._pts)

    def __repr__(self) -> str:
        video, info = self._info.video, self._info
        known = self._index is not None or self._times is not None
        frames = f"{len(self)} frames" if known else "frames not counted yet"
        width, height = video.geometry.shown_size_px
        return (
            f"Video({video.codec}, {width}x{height} px, {frames}, "
            f"{info.duration_seconds:.1f} s, {float(video.average_frame_rate):.2f} frames/s, "
            f"{len(info.audio)} audio)"
        )

    def frame(self, frame_index: int) -> Frame:
        """Return one frame.

        Parameters
        ----------
        frame_index : int
            Counted from 0 in the order of presentation.

        Raises
        ------
        SettingsError
            If there is no such frame.
        TypeError
            If it is no whole number.
        DecodeError
            If it is damaged.
        """
        frame_index = operator.index(frame_index)
        if not 0 <= frame_index < len(self):
            raise SettingsError(
                f"{self._info.name} has frames 0 to {len(self) - 1}, but no frame {frame_index}"
            )
        if any(gap.first_index <= frame_index < gap.stop_index for gap in self.gaps):
            return next(self.decode(frame_index, frame_index + 1))
        if self._reader is None:
            self._reader = FrameReader(self._info, self._clock)
        video, pts = self._info.video, int(self._pts[frame_index])
        decoded = self._reader.frame(pts)
        frame = working_frame(decoded, video.format, f"at frame {frame_index}", video.crop)
        return Frame(
            frame,
            video.format,
            frame_index=frame_index,
            pts=pts,
            duration=self._duration(frame_index) or decoded.duration,
            decoded=decoded,
            crop=video.crop,
        )

    def frame_at(self, seconds: float) -> Frame:
        """Return the frame that is shown at a time.

        Parameters
        ----------
        seconds : float
            After the start of the first frame.

        Raises
        ------
        SettingsError
            If the video is over by then, or has not begun.
        DecodeError
            If the frame is damaged.
        """
        return self.frame(self.frame_index_at(seconds))

    def frame_index_at(self, seconds: float) -> int:
        """Return the index of the frame that is shown at a time, as `frame_at` takes it.

        Raises
        ------
        SettingsError
            If the video is over by then, or has not begun.
        """
        shown = (self._pts - self._pts[0]) * float(self._info.video.time_base)
        last = len(self) - 1
        stop = float(shown[-1]) + self._info.video.seconds(self._duration(last) or 1)
        place = int(np.searchsorted(shown, seconds, side="right")) - 1
        if (
            place < 0
            or math.isnan(seconds)
            or (place == last and seconds >= stop and seconds > shown[-1])
        ):
            raise SettingsError(
                f"{self._info.name} shows frames from second 0 to {stop:.3f}, none at {seconds:.3f}"
            )
        return place

    def decode(self, start: int = 0, stop: int | None = None) -> Generator[Frame, None, None]:
        """Decode the frames ``[start, stop)``, each exactly once, in order.

        Parameters
        ----------
        start, stop : int
            Frame indexes; unless given, from the first frame to the last.

        Yields
        ------
        Frame
            Close the generator (``contextlib.closing``) when leaving early.

        Raises
        ------
        DecodeError
            If a frame is damaged or missing, or the frames change their size or format.
        SettingsError
            If `start` is below 0 or behind `stop`.
        """
        if start < 0 or (stop is not None and stop < start):
            raise SettingsError(
                f"there are no frames {start} to {stop}; frames are counted from 0, and the end "
                "does not come before the start"
            )
        return decode_frames(self._info, self.index, start=start, stop=stop, gaps=self.gaps)

    def remux_and_index(
        self,
        sink: ByteSink,
        packet_bytes: int,
        on_bytes: Callable[[int], None] | None = None,
    ) -> Fraction:
        """Write video and audio as they are, and make the index from the same packets.

        Parameters
        ----------
        sink : ByteSink
            Where an MP4 file goes, forward only.
        packet_bytes : int
            Size of all packets of video and audio, from `indexed_bytes`.
        on_bytes : callable, optional
            Told how many bytes of packets were written so far.

        Returns
        -------
        Fraction
            Seconds per unit of pts of the video in the new file.

        Raises
        ------
        DecodeError
            If the source cannot be read, is damaged, or still being written.
        EncodeError
            If MP4 cannot hold it, its packets have another size, or its frames have other times
            than their packets say; what was written is then of no use.
        """
        listed = PacketList()
        time_base = remux(self._info, sink, on_bytes, packet_bytes=packet_bytes, listed=listed)
        index = index_frames(self._info, salvage=self._salvage, packets=listed)
        if index.clock is not FILE_CLOCK:
            raise EncodeError(f"the frames of {self._info.name} have other times than its packets")
        self._index = self._with_rate(index)
        return time_base

    def close(self) -> None:
        """Close what was opened to decode single frames; a file object stays its owner's."""
        if self._reader is not None:
            self._reader.close()
        self._reader = None
        self.file.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def _with_rate(self, index: FrameIndex) -> FrameIndex:
        """Return an index, once the average frame rate was counted by it."""
        rate = index.frame_rate(self._info.video)
        video = replace(self._info.video, average_frame_rate=rate)
        self._info = replace(self._info, video=video)
        return index

    @property
    def _pts(self) -> NDArray[np.int64]:
        if self._index is None and self._times is not None:
            return self._times.pts
        return self.index.pts

    @property
    def _clock(self) -> SourceClock:
        if self._index is None and self._times is not None:
            return FILE_CLOCK
        return self.index.clock

    def _duration(self, frame_index: int) -> int:
        """Return how long a frame is shown, in the time base; 0 where that is not known."""
        if self._index is not None:
            return int(self._index.durations[frame_index])
        following = self._pts[frame_index : frame_index + 2]
        return int(following[1] - following[0]) if len(following) > 1 else 0


def _fits(times: FrameTimes, info: MediaInfo) -> bool:
    """Return whether frames can be found by times alone, without the clock of an index.

    Other containers than MP4 may need the clock, and so may MP4 that this program did not write,
    which is kept only where the container hides a part of the frames. Another stream has other
    times.
    """
    return info.is_mp4 and not info.video.crop and times.time_base == info.video.time_base
