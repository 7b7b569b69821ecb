"""Decode frames, from any place, without hiding damage.

FFmpeg conceals what it cannot decode. Here every frame of the index must come
out of the decoder undamaged; one that does not is an error, or, where the caller
took the gaps of :func:`find_gaps` into account, a black frame. Damage that a codec
can decode without a contradiction cannot be seen by anyone.
"""

from __future__ import annotations

from collections.abc import Generator, Iterator, Sequence
from dataclasses import dataclass
from itertools import chain

import av
import av.error
import numpy as np
from av.container import InputContainer
from av.video.frame import PictureType, VideoFrame
from av.video.stream import VideoStream
from numpy.typing import NDArray

from recorder_core.errors import DecodeError
from recorder_core.media.container.demux import read_packets
from recorder_core.media.container.info import MediaInfo
from recorder_core.media.container.probe import open_media, source_video
from recorder_core.media.container.source_clock import SourceClock
from recorder_core.media.decode.frame_reader import seek_to
from recorder_core.media.ffmpeg_errors import reading
from recorder_core.media.frames.frame import Frame, working_frame
from recorder_core.media.index.frame_index import FrameIndex

__all__ = ["Gap", "decode_frames", "find_gaps"]


@dataclass(frozen=True, slots=True)
class Gap:
    """Frames that cannot be decoded, ``[first_index, stop_index)``."""

    first_index: int
    stop_index: int


@dataclass(frozen=True, slots=True)
class _Damage:
    """A packet that the decoder refused."""

    pts: int | None


@dataclass(frozen=True, slots=True)
class _Landing:
    """A time stamp to seek to, and the keyframe at which reading then goes on."""

    seek_pts: int
    keyframe_pts: int


def decode_frames(
    info: MediaInfo,
    index: FrameIndex,
    *,
    start: int = 0,
    stop: int | None = None,
    gaps: Sequence[Gap] = (),
    threads: int = 0,
) -> Generator[Frame, None, None]:
    """Decode the frames ``[start, stop)``, each exactly once, in order.

    Parameters
    ----------
    info : MediaInfo
        From :func:`~recorder_core.media.probe`.
    index : FrameIndex
        From :func:`~recorder_core.media.index_frames`.
    start, stop : int
        Frame indexes; decoding starts at the keyframe before.
    gaps : sequence of Gap
        From :func:`find_gaps`; their frames are black.
    threads : int
        Decoder threads, 0 for one per core.

    Yields
    ------
    Frame
        Close the generator (``contextlib.closing``) when leaving early.

    Raises
    ------
    DecodeError
        If a frame outside the gaps is missing or damaged, or the frames change
        their size or format.
    """
    stop = len(index) if stop is None else min(stop, len(index))
    in_gap = _marked(gaps, len(index))
    place = start
    for frame in _frames_from(info, index, start, threads) if start < stop else ():
        if isinstance(frame, _Damage) or frame.pts is None:
            # where gaps are known, what counts is which frames come out; damage in a transport
            # stream leaves some without a time stamp: those of the index are missing below
            if not gaps:
                _refuse_damage(info, index, frame.pts, start)
            continue
        pts = frame.pts
        while place < stop and index.pts[place] < pts:
            yield _missing(info, index, place, in_gap)
            place += 1
        if place == stop:
            return
        if index.pts[place] == pts:
            yield _frame(frame, info, index, place, in_gap)
            place += 1
    for rest in range(place, stop):
        yield _missing(info, index, rest, in_gap)


def find_gaps(info: MediaInfo, index: FrameIndex, *, threads: int = 0) -> tuple[Gap, ...]:
    """Decode a damaged video once and list what cannot be trusted.

    A gap begins with the B frames right before the damage, which may refer to what they are
    shown before, and ends at the next keyframe, or where the gradual refresh that begins there
    is over: what lies between was predicted from it.
    """
    came = _Came(index)
    for frame in _frames_from(info, index, 0, threads):
        came.note(frame)
    came.damaged.update(np.flatnonzero(~came.seen).tolist())
    if not _reorder_depth(info):  # frames of two predictions that refer to earlier ones only
        came.is_b[:] = False
    return _gaps_around(sorted(came.damaged), index, came.is_b)


class _Came:
    """What came out of the decoder, of each frame of an index."""

    def __init__(self, index: FrameIndex) -> None:
        self._index, self._reached = index, 0
        damaged = np.searchsorted(index.pts, np.asarray(index.damaged_pts))
        self.damaged: set[int] = set(damaged.tolist())
        self.seen, self.is_b = np.zeros(len(index), bool), np.zeros(len(index), bool)

    def note(self, frame: VideoFrame | _Damage) -> None:
        place = _place(self._index, frame.pts)
        if isinstance(frame, _Damage):
            self.damaged.update(each for each in (place,) if each is not None)
            return
        if place is not None:
            # where a packet was lost, decoders give frames late, and those before them are wrong
            is_damaged = frame.is_corrupt or place < self._reached
            self.damaged.update((place,) if is_damaged else ())
            self.seen[place] |= not is_damaged
            self.is_b[place] = frame.pict_type == PictureType.B
        if frame.pts is not None:
            after = int(np.searchsorted(self._index.pts, frame.pts, side="right"))
            self._reached = max(self._reached, after)


def _gaps_around(damaged: list[int], index: FrameIndex, is_b: NDArray[np.bool_]) -> tuple[Gap, ...]:
    gaps: list[Gap] = []
    for place in damaged:
        first, stop = place, index.next_whole(place)
        while first > 0 and is_b[first - 1]:
            first -= 1
        if gaps and first <= gaps[-1].stop_index:
            stop = max(stop, gaps[-1].stop_index)
            first = gaps.pop().first_index
        gaps.append(Gap(first, stop))
    return tuple(gaps)


def _reorder_depth(info: MediaInfo) -> int:
    with reading(info.file), open_media(info.file) as container:
        return source_video(container, info).codec_context.reorder_depth


def _marked(gaps: Sequence[Gap], frames: int) -> NDArray[np.bool_]:
    marked = np.zeros(frames, bool)
    for gap in gaps:
        marked[gap.first_index : gap.stop_index] = True
    return marked


def _place(index: FrameIndex, pts: int | None) -> int | None:
    if pts is None:
        return None
    place = int(np.searchsorted(index.pts, pts))
    return place if place < len(index) and index.pts[place] == pts else None


def _where(info: MediaInfo, index: FrameIndex, place: int) -> str:
    return f"at frame {place} (second {info.video.shown_seconds(int(index.pts[place])):.1f})"


def _damaged(info: MediaInfo, index: FrameIndex, place: int) -> DecodeError:
    return DecodeError(
        f"{info.name} is damaged {_where(info, index, place)}; take the rest with --salvage"
    )


def _refuse_damage(info: MediaInfo, index: FrameIndex, pts: int | None, start: int) -> None:
    place = _place(index, pts)
    if place is not None and place >= start:
        raise _damaged(info, index, place)


def _missing(
    info: MediaInfo,
    index: FrameIndex,
    place: int,
    in_gap: NDArray[np.bool_],
) -> Frame:
    if not in_gap[place]:
        raise _damaged(info, index, place)
    pts = int(index.pts[place])
    duration = int(index.durations[place])
    return Frame.black(
        info.video.format, frame_index=place, pts=pts, duration=duration, is_gap=True
    )


def _frame(
    frame: VideoFrame,
    info: MediaInfo,
    index: FrameIndex,
    place: int,
    in_gap: NDArray[np.bool_],
) -> Frame:
    if in_gap[place]:
        return _missing(info, index, place, in_gap)
    if frame.is_corrupt:
        raise _damaged(info, index, place)
    video = info.video
    frame = working_frame(frame, video.format, _where(info, index, place), video.crop)
    return Frame(
        frame,
        video.format,
        frame_index=place,
        pts=int(index.pts[place]),
        duration=int(index.durations[place]),
    )


def _frames_from(
    info: MediaInfo, index: FrameIndex, start: int, threads: int
) -> Iterator[VideoFrame | _Damage]:
    """Yield what the decoder gives from a frame on; earlier frames are left out.

    In a stream with gradual refresh the keyframes are none: FFmpeg shows frames after
    them that are still half wrong. There decoding starts at the beginning.
    """
    first_pts = int(index.pts[start])
    landing = _landing(info, index, start)
    frames: Iterator[VideoFrame | _Damage] = _frames_after(info, index.clock, landing, threads)
    if landing is not None:
        first = next(frames, None)
        if _is_whole(first, landing.keyframe_pts) or _place(index, landing.keyframe_pts) is None:
            frames = chain([first] if first is not None else [], frames)
        else:
            frames = _frames_after(info, index.clock, None, threads)
    for item in frames:
        if isinstance(item, _Damage) or item.pts is None or item.pts >= first_pts:
            yield item


def _is_whole(frame: VideoFrame | _Damage | None, pts: int) -> bool:
    return isinstance(frame, VideoFrame) and frame.pts == pts and not frame.is_corrupt


def _frames_after(
    info: MediaInfo, clock: SourceClock, landing: _Landing | None, threads: int
) -> Iterator[VideoFrame | _Damage]:
    with reading(info.file), open_media(info.file) as container:
        stream = source_video(container, info)
        stream.thread_type = "AUTO"
        stream.codec_context.thread_count = threads
        if landing is not None:
            seek_to(container, stream, landing.seek_pts, clock)
        for item in _decoded(container, stream, clock):
            early = landing is not None and (item.pts or 0) < landing.keyframe_pts
            if not early:
                yield item


def _decoded(
    container: InputContainer, stream: VideoStream, clock: SourceClock
) -> Iterator[VideoFrame | _Damage]:
    packets = clock.correct(read_packets(container, [stream]))
    while True:
        try:
            packet = next(packets, None)
        except av.error.InvalidDataError:
            packet = None
        try:
            yield from stream.codec_context.decode(packet)
        except av.error.InvalidDataError:
            yield _Damage(packet.pts if packet else None)
        except av.error.EOFError:
            return
        if packet is None:
            return


def _landing(info: MediaInfo, index: FrameIndex, start: int) -> _Landing | None:
    """Find where to seek so that decoding starts at a keyframe not after a frame.

    Containers differ in what seeking means: some look at decoding times, some land
    between keyframes. None means: read from the beginning.
    """
    target = index.keyframe_before(start)
    place = int(np.searchsorted(index.keyframe_pts, target))
    with reading(info.file), open_media(info.file) as container:
        stream = source_video(container, info)
        while place > 0:
            pts = int(index.keyframe_pts[place])
            index.clock.seek(container, stream, pts)
            keyframe_pts = _next_keyframe_pts(container, stream, index.clock)
            if keyframe_pts is not None and keyframe_pts <= target:
                return _Landing(pts, keyframe_pts)
            place //= 2
    return None


def _next_keyframe_pts(
    container: InputContainer, stream: VideoStream, clock: SourceClock
) -> int | None:
    for packet in clock.correct(read_packets(container, [stream])):
        if packet.is_keyframe and packet.pts is not None:
            return packet.pts
    return None
