"""Which pictures a video has: one row per picture, in the order of presentation.

The index is made by reading the packets, without decoding them. A picture's
place in it is its ``frame_index`` everywhere in the program. Where packets and
pictures do not match one to one (field pairs, packed frames, packets without
time stamps), the pictures are decoded once and counted instead.
"""

from __future__ import annotations

from array import array
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from fractions import Fraction
from itertools import islice
from typing import Final

import av
import av.error
import numpy as np
from av.container import InputContainer
from av.packet import Packet
from av.stream import Stream
from av.video.frame import VideoFrame
from numpy.typing import NDArray

from recorder_core.errors import DecodeError
from recorder_core.media.ffmpeg_errors import reading
from recorder_core.media.info import MediaInfo
from recorder_core.media.matroska import is_broken
from recorder_core.media.mp4_boxes import is_cut_off
from recorder_core.media.probe import open_media, video_stream

__all__ = ["PictureIndex", "index_pictures"]

#: pictures decoded to see whether packets and pictures match
_COMPARED_PICTURES: Final = 48
#: a container that promises this much more than it holds was cut off
_MISSING_SECONDS: Final = 1.0
#: times that go back by more, in the order of decoding, are of another clock
_STEP_BACK_SECONDS: Final = 0.5
#: codecs with packets that are never shown
_HIDDEN_PICTURES: Final = {"vp8"}


@dataclass(frozen=True, slots=True)
class PictureIndex:
    """Every picture of a video, in the order of presentation."""

    #: (N,) int64, strictly increasing, in the stream's time base
    pts: NDArray[np.int64] = field(repr=False)
    #: (N,) int64, in the stream's time base
    durations: NDArray[np.int64] = field(repr=False)
    #: (K,) int64, pts of the pictures at which decoding can start
    keyframe_pts: NDArray[np.int64] = field(repr=False)
    #: size of all packets of video and audio
    packet_bytes: int
    #: (N,) int64, compressed bytes of each picture; their mean where packets are no pictures
    sizes_bytes: NDArray[np.int64] = field(repr=False)
    #: pts of pictures that are damaged in the file; only with salvage
    damaged_pts: tuple[int, ...] = ()
    #: the file ends before its container says so; only with salvage
    cut_off: bool = False
    #: of a part of a video: what a copy of it subtracts from the time stamps
    shift_pts: int = 0
    #: the same in seconds, for the sound
    shift_seconds: Fraction = Fraction(0)
    #: of a part of a video: seconds from which and up to which sound belongs to it
    sound_seconds: tuple[Fraction, Fraction] | None = None

    def __len__(self) -> int:
        return len(self.pts)

    def keyframe_before(self, frame_index: int) -> int:
        """Return the pts of the last keyframe that is not after a picture."""
        place = int(np.searchsorted(self.keyframe_pts, self.pts[frame_index], side="right"))
        return int(self.keyframe_pts[max(place - 1, 0)])

    def part(self, first: int, stop: int, time_base: Fraction) -> PictureIndex:
        """Return the index of the pictures ``[first, stop)``, for a copy of them alone.

        The copy begins at the time of the video's first picture, or at zero where that
        is before zero.
        """
        shift = int(self.pts[first]) - max(int(self.pts[0]), 0)
        whole = replace(self, shift_pts=shift, shift_seconds=shift * time_base)
        if (first, stop) == (0, len(self)):
            return whole if shift else self
        end = self.pts[stop] if stop < len(self) else self.pts[-1] + self.durations[-1]
        return replace(
            whole,
            pts=self.pts[first:stop],
            durations=self.durations[first:stop],
            sizes_bytes=self.sizes_bytes[first:stop],
            sound_seconds=(int(self.pts[first]) * time_base, int(end) * time_base),
        )

    def next_keyframe(self, frame_index: int) -> int:
        """Return the index of the first keyframe after a picture, N where there is none."""
        place = int(np.searchsorted(self.keyframe_pts, self.pts[frame_index], side="right"))
        if place == len(self.keyframe_pts):
            return len(self)
        return int(np.searchsorted(self.pts, self.keyframe_pts[place]))


@dataclass(slots=True)
class _Packets:
    """What reading the packets gave."""

    #: 64 bits each: hours have hundreds of thousands
    pts: array[int] = field(default_factory=lambda: array("q"))
    durations: array[int] = field(default_factory=lambda: array("q"))
    sizes_bytes: array[int] = field(default_factory=lambda: array("q"))
    keyframe_pts: list[int] = field(default_factory=list)
    damaged_pts: list[int] = field(default_factory=list)
    packet_bytes: int = 0
    read_packets: int = 0
    #: what the container's index lists; 0 where it has none
    promised_packets: int = 0
    without_pts: int = 0
    #: packets that come before the first keyframe, which nothing can decode
    before_keyframe: int = 0
    end_seconds: float = 0.0
    last_dts: int | None = None
    #: (pictures before it, dts before it, dts after it) of the place at which the time goes
    #: back by most in the order of decoding
    step_back: tuple[int, int, int] | None = None
    broke_off: bool = False


def index_pictures(info: MediaInfo, *, salvage: bool = False) -> PictureIndex:
    """Read a video once and list its pictures.

    Parameters
    ----------
    info : MediaInfo
        From :func:`~recorder_core.media.probe`.
    salvage : bool
        Take what a damaged or cut-off file still holds instead of refusing it.

    Raises
    ------
    DecodeError
        If the file is cut off or damaged and `salvage` is not asked for, if it was joined
        from parts whose clocks start anew, or two pictures have the same time stamp.
    """
    with reading(info.path), open_media(info.path) as container:
        packets = _read_packets(container, info)
        promised_seconds = float(container.duration or 0) / av.time_base
    _refuse_joined(info, packets)
    cut_off = _is_cut_off(info, packets, promised_seconds)
    if not salvage:
        _refuse_damage(info, packets, cut_off)
    if _needs_decoding(info, packets):
        packets = _read_pictures(info, packets, salvage=salvage)
    return _to_index(info, packets, cut_off)


def _read_packets(container: InputContainer, info: MediaInfo) -> _Packets:
    found, index = _Packets(), info.video.stream_index
    found.promised_packets = len(container.streams[index].index_entries)
    wanted = {track.stream_index for track in info.audio} | {index}
    unit_seconds = {each.index: float(each.time_base or 0) for each in container.streams}
    try:
        for packet in container.demux():
            if packet.size == 0:
                # pictures that repeat the one before; the last, without a time, ends the stream
                found.read_packets += packet.stream_index == index and packet.dts is not None
                continue
            if packet.stream_index in wanted:
                found.packet_bytes += packet.size
            if packet.pts is not None:
                end = packet.pts + (packet.duration or 0)
                found.end_seconds = max(found.end_seconds, end * unit_seconds[packet.stream_index])
            if packet.stream_index == index:
                _note_packet(found, packet)
    except av.error.InvalidDataError:
        found.broke_off = True
    return found


def _note_packet(found: _Packets, packet: Packet[Stream]) -> None:
    found.read_packets += 1
    if packet.dts is not None:
        back = 0 if found.last_dts is None else found.last_dts - packet.dts
        known = 0 if found.step_back is None else found.step_back[1] - found.step_back[2]
        if back > known:
            found.step_back = (found.read_packets - 1, packet.dts + back, packet.dts)
        found.last_dts = packet.dts
    if packet.pts is None:
        found.without_pts += 1
        found.sizes_bytes.append(packet.size)
        return
    # an edit list hides pictures, but decoding may have to start at one of them
    if packet.is_keyframe:
        found.keyframe_pts.append(packet.pts)
    elif not found.keyframe_pts:
        found.before_keyframe += 1
    if packet.is_discard:
        return
    found.pts.append(packet.pts)
    found.durations.append(packet.duration or 0)
    found.sizes_bytes.append(packet.size)
    if packet.is_corrupt:
        found.damaged_pts.append(packet.pts)


def _is_cut_off(info: MediaInfo, packets: _Packets, promised_seconds: float) -> bool:
    if packets.broke_off:
        return True
    if info.is_mp4:
        return is_cut_off(info.path) or packets.read_packets < packets.promised_packets
    if "matroska" in info.container and is_broken(info.path):
        return True
    if "matroska" in info.container or info.container == "avi":
        return packets.end_seconds < promised_seconds - _MISSING_SECONDS
    return False


def _refuse_joined(info: MediaInfo, packets: _Packets) -> None:
    """Refuse parts that were joined as they are: two of their pictures have one time."""
    if packets.step_back is None:
        return
    before, last, first = packets.step_back
    if (last - first) * info.video.time_base > _STEP_BACK_SECONDS:
        raise DecodeError(
            f"{info.path.name} was joined from parts whose clocks start anew: after {before} "
            f"pictures the time goes from second {info.video.seconds(last):.1f} back to "
            f"{info.video.seconds(first):.1f}; give its parts as files of their own"
        )


def _refuse_damage(info: MediaInfo, packets: _Packets, cut_off: bool) -> None:
    name = info.path.name
    if cut_off:
        raise DecodeError(
            f"{name} is cut off or damaged: it holds more than the {packets.read_packets} "
            f"pictures (up to second {packets.end_seconds:.1f}) that can be read; "
            "take those with --salvage"
        )
    # broadcasts may be joined in the middle of a GOP, files are written from its beginning
    if packets.before_keyframe and (info.is_mp4 or "matroska" in info.container):
        raise DecodeError(
            f"{name} is damaged: its first {packets.before_keyframe} pictures come before any "
            "picture at which decoding can start; take the rest with --salvage"
        )
    first = min(packets.keyframe_pts, default=0)
    damaged = [pts for pts in packets.damaged_pts if pts >= first]
    if damaged:
        raise _damaged(info, info.video.seconds(min(damaged)))


def _damaged(info: MediaInfo, second: float) -> DecodeError:
    return DecodeError(
        f"{info.path.name} is damaged at about second {second:.1f}; take the rest with --salvage"
    )


def _needs_decoding(info: MediaInfo, packets: _Packets) -> bool:
    if packets.without_pts or info.video.codec in _HIDDEN_PICTURES:
        return True
    decoded: list[int] = []
    for frame in islice(_decoded(info), _COMPARED_PICTURES):
        if frame is None or frame.is_corrupt or frame.pts is None:
            break
        if decoded and frame.pts <= decoded[-1]:
            raise DecodeError(
                f"the pictures of {info.path.name} come out of the order of their time stamps, as "
                "in AVI files with B pictures; number them anew by encoding: ffmpeg -r "
                f"{info.video.average_frame_rate} -i {info.path.name} -crf 12 new.mp4"
            )
        decoded.append(frame.pts)
    first = min(packets.keyframe_pts, default=0)
    listed = sorted(pts for pts in packets.pts if pts >= first)[: len(decoded)]
    return bool(set(decoded) - set(listed))


def _decoded(info: MediaInfo) -> Iterator[VideoFrame | None]:
    """Yield each picture that the decoder gives, and None for each packet it refuses."""
    with reading(info.path), open_media(info.path) as container:
        stream = video_stream(container)
        if stream is None:
            return
        stream.thread_type = "AUTO"
        for packet in container.demux(stream):
            try:
                yield from packet.decode()
            except av.error.InvalidDataError:
                yield None


def _read_pictures(info: MediaInfo, packets: _Packets, *, salvage: bool) -> _Packets:
    """List the pictures by decoding them all.

    A damaged file's pictures cannot be counted this way; with salvage its packets
    stand for them.
    """
    found = _Packets(damaged_pts=packets.damaged_pts, packet_bytes=packets.packet_bytes)
    found.sizes_bytes = packets.sizes_bytes
    for frame in _decoded(info):
        if frame is None or frame.is_corrupt:
            if salvage:
                return packets
            second = info.video.seconds(max(found.pts, default=0))
            raise _damaged(info, second)
        if frame.pts is None:
            raise DecodeError(
                f"the pictures of {info.path.name} have no time stamps; "
                "copy it into an MP4 or MKV file first"
            )
        found.pts.append(frame.pts)
        found.durations.append(frame.duration)
        if frame.key_frame:
            found.keyframe_pts.append(frame.pts)
    return found


def _to_index(info: MediaInfo, packets: _Packets, cut_off: bool) -> PictureIndex:
    keyframes = np.unique(np.asarray(packets.keyframe_pts, np.int64))
    if not len(keyframes):
        raise DecodeError(f"{info.path.name} has no picture at which decoding can start")
    pts = np.asarray(packets.pts, np.int64)
    order = np.argsort(pts, kind="stable")
    # what is shown before the first keyframe refers to pictures that were cut away
    order = order[pts[order] >= keyframes[0]]
    pts = pts[order]
    if np.any(np.diff(pts) <= 0):
        place = int(np.argmax(np.diff(pts) <= 0))
        raise DecodeError(
            f"pictures {place} and {place + 1} of {info.path.name} have the same time stamp "
            f"(second {info.video.seconds(int(pts[place])):.2f}); "
            "give it a constant frame rate first"
        )
    last = int(np.asarray(packets.durations, np.int64)[order][-1])
    usual = round(1 / (info.video.average_frame_rate * info.video.time_base))
    durations = np.append(np.diff(pts), last or max(usual, 1))
    damaged = tuple(sorted(set(packets.damaged_pts) & set(pts.tolist())))
    sizes = _sizes_bytes(packets)[order]
    return PictureIndex(pts, durations, keyframes, packets.packet_bytes, sizes, damaged, cut_off)


def _sizes_bytes(packets: _Packets) -> NDArray[np.int64]:
    count = len(packets.pts)
    if len(packets.sizes_bytes) == count:
        return np.asarray(packets.sizes_bytes, np.int64)
    return np.full(count, sum(packets.sizes_bytes) // max(count, 1), np.int64)
