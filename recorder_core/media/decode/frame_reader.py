"""Single frames of a video, in any order, from one opening of it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import suppress
from itertools import chain
from typing import Final, Self

import av.error
from av.container import InputContainer
from av.packet import Packet
from av.video.frame import VideoFrame
from av.video.stream import VideoStream

from recorder_core.errors import DecodeError
from recorder_core.media.container.demux import read_packets
from recorder_core.media.container.info import MediaInfo
from recorder_core.media.container.probe import open_media, source_video
from recorder_core.media.container.source_clock import SourceClock
from recorder_core.media.ffmpeg_errors import reading

__all__ = ["FrameReader", "seek_to"]

#: no decoder holds more frames back than this to put them in order (H.264, A.3.1)
_REORDERED_FRAMES: Final = 16
#: a frame so little ahead of the last one is decoded to, not sought
_NEAR_SECONDS: Final = 0.5
#: how far before a frame a keyframe is looked for, in this order
_STEPS_BACK_SECONDS: Final = (0, 1, 4, 16)


def seek_to(container: InputContainer, stream: VideoStream, pts: int, clock: SourceClock) -> None:
    """Seek to about the last keyframe before a time; decoding then goes on there.

    Parameters
    ----------
    container : InputContainer
    stream : VideoStream
        The video.
    pts : int
        As the clock has it.
    clock : SourceClock
        Of the frame index.
    """
    # seeking resets what the decoder knows about the order of B frames
    reorder_depth = stream.codec_context.reorder_depth
    clock.seek(container, stream, pts)
    stream.codec_context.reorder_depth = reorder_depth


class FrameReader:
    """A video that is opened once, and again from its beginning where seeking goes wrong.

    Parameters
    ----------
    info : MediaInfo
        From :func:`~recorder_core.media.probe`.
    clock : SourceClock
        Of the frame index.

    Raises
    ------
    DecodeError
        If it cannot be opened.
    """

    def __init__(self, info: MediaInfo, clock: SourceClock) -> None:
        self._info, self._clock = info, clock
        self._container, self._stream = self._open()
        self._frames = self._decode(self._packets())
        self._last_pts: int | None = None

    def frame(self, pts: int) -> VideoFrame:
        """Return the frame with a time stamp, as the decoder gives it.

        Raises
        ------
        DecodeError
            If it is missing or damaged.
        """
        with reading(self._info.file):
            frame = self._find(pts) if self._is_near(pts) else None
            if frame is None:
                frame = self._seek(pts)
            if frame is None:
                self._reopen()
                frame = self._find(pts)
        if frame is None:
            raise DecodeError(
                f"the frame at second {self._info.video.shown_seconds(pts):.1f} of "
                f"{self._info.name} is missing or damaged"
            )
        return frame

    def close(self) -> None:
        """Close the video."""
        with suppress(av.error.FFmpegError):
            self._container.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _open(self) -> tuple[InputContainer, VideoStream]:
        with reading(self._info.file):
            container = open_media(self._info.file)
            return container, source_video(container, self._info)

    def _reopen(self) -> None:
        self.close()
        self._container, self._stream = self._open()
        self._frames, self._last_pts = self._decode(self._packets()), None

    def _is_near(self, pts: int) -> bool:
        """Return whether decoding on is less work than decoding from a keyframe."""
        if self._last_pts is None:
            return False
        ahead_seconds = self._info.video.seconds(pts - self._last_pts)
        return 0 < ahead_seconds <= _NEAR_SECONDS

    def _seek(self, pts: int) -> VideoFrame | None:
        """Decode from the keyframe before; None where that is none, or the frame does not come.

        In a stream with gradual refresh FFmpeg shows frames after what it calls a keyframe that
        are still half wrong.
        """
        packets = self._packets_from(pts)
        keyframe = next(packets, None)
        if keyframe is None:
            return None
        first_pts, is_hidden = keyframe.pts or 0, keyframe.is_discard
        frames = self._decode(chain([keyframe], packets))
        self._frames = (frame for frame in frames if frame.pts is None or frame.pts >= first_pts)
        first = next(self._frames, None)
        if first is None or not (is_hidden or (first.pts == first_pts and not first.is_corrupt)):
            return None
        self._frames = chain([first], self._frames)
        return self._find(pts)

    def _packets_from(self, pts: int) -> Iterator[Packet[VideoStream]]:
        """Yield the packets from a keyframe on that is not after a time; none if none is found.

        Some containers are sought by the times of decoding, and between keyframes.
        """
        for back_seconds in _STEPS_BACK_SECONDS:
            back = round(back_seconds / self._info.video.time_base)
            target = max(pts - back, min(self._info.video.start_pts, pts))
            with suppress(av.error.FFmpegError):
                seek_to(self._container, self._stream, target, self._clock)
                packets = self._packets()
                keyframe = next((each for each in packets if each.is_keyframe), None)
                if keyframe is not None and keyframe.pts is not None and keyframe.pts <= pts:
                    return chain([keyframe], packets)
        return iter(())

    def _find(self, pts: int) -> VideoFrame | None:
        """Decode on until a frame comes whole, or cannot come any more."""
        later = 0
        for frame in self._frames:
            self._last_pts = frame.pts
            if frame.pts == pts and not frame.is_corrupt:
                return frame
            later += frame.pts is not None and frame.pts > pts
            if later > _REORDERED_FRAMES:
                return None
        return None

    def _packets(self) -> Iterator[Packet[VideoStream]]:
        return self._clock.correct(read_packets(self._container, [self._stream]))

    def _decode(self, packets: Iterable[Packet[VideoStream]]) -> Iterator[VideoFrame]:
        for packet in packets:
            # what is damaged is missed where somebody wants it
            with suppress(av.error.InvalidDataError):
                yield from self._stream.codec_context.decode(packet)
