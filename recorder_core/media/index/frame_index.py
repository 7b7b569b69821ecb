"""Which frames a video has: one row per frame, in the order of presentation.

The index is made by reading the packets, without decoding them. A frame's
place in it is its ``frame_index`` everywhere in the program. Where packets and
frames do not match one to one (field pairs, packed frames, packets without
time stamps), the frames are decoded once and counted instead. Where the time
stamps are not those of the frames, the index has a clock that corrects them.
"""

from __future__ import annotations

from array import array
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from fractions import Fraction
from itertools import islice, pairwise
from typing import Final

import av
import av.error
import numpy as np
from av.video.frame import VideoFrame
from numpy.typing import NDArray

from recorder_core.errors import DecodeError
from recorder_core.media.audio.changes import AudioChange
from recorder_core.media.audio.gaps import AudioGap, find_audio_gaps, refuse_lost_audio
from recorder_core.media.container.demux import read_packets
from recorder_core.media.container.info import MediaInfo, VideoInfo
from recorder_core.media.container.probe import open_media, source_video
from recorder_core.media.container.source_clock import (
    FILE_CLOCK,
    NumberedClock,
    SourceClock,
)
from recorder_core.media.ffmpeg_errors import reading
from recorder_core.media.index.cut_off import is_cut_off
from recorder_core.media.index.frame_change import FrameChange
from recorder_core.media.index.frame_durations import shown_durations
from recorder_core.media.index.gradual_refresh import first_whole_pts
from recorder_core.media.index.packet_list import PacketList, list_packets, refuse_step_back
from recorder_core.media.joined.second_file import refuse_second_file
from recorder_core.model.values.carriers import carrier_repr

__all__ = ["FrameIndex", "index_frames"]

#: frames decoded to see whether packets and frames match
_COMPARED_FRAMES: Final = 48
#: a header's rate is true where the frames' number and times say so to this share
_RATE_TOLERANCE: Final = Fraction(1, 100)
#: what is damaged so long before the end of what can be read is no cut
_CUT_SECONDS: Final = 1.0
#: largest denominator that MP4, Matroska and x264 hold together with common numerators
_RATE_DENOMINATOR: Final = 1001
#: codecs with packets that are never shown
_HIDDEN_FRAMES: Final = {"vp8"}
#: codecs of whose frames AVI says the order of decoding only; FFmpeg knows it of MPEG-4
_REORDERING: Final = {"h264", "hevc"}


@dataclass(frozen=True, slots=True)
class FrameIndex:
    """Every frame of a video, in the order of presentation."""

    __repr__ = carrier_repr

    #: (N,) int64, strictly increasing, in the stream's time base
    pts: NDArray[np.int64]
    #: (N,) int64, in the stream's time base
    durations: NDArray[np.int64]
    #: (K,) int64, pts of the frames at which decoding can start
    keyframe_pts: NDArray[np.int64]
    #: size of all packets of video and audio
    packet_bytes: int
    #: (N,) int64, compressed bytes of each frame; their mean where packets are no frames
    sizes_bytes: NDArray[np.int64]
    #: pts of frames that are damaged in the file; only with salvage
    damaged_pts: tuple[int, ...] = ()
    #: pts of a keyframe that begins a gradual refresh -> pts from which frames are whole
    refreshed_pts: Mapping[int, int] = field(default_factory=dict, repr=False)
    #: the file ends before its container says so; only with salvage
    cut_off: bool = False
    #: frames before the first that can be decoded in full; they are not in the index
    left_out_frames: int = 0
    #: where audio is missing while frames are shown
    audio_gaps: tuple[AudioGap, ...] = ()
    #: the first place of each stream of audio at which it holds something else
    audio_changes: tuple[AudioChange, ...] = ()
    #: the first change of size or format of the frames
    change: FrameChange | None = field(default=None, repr=False)
    #: of a part of a video: what a copy of it subtracts from the time stamps
    shift_pts: int = 0
    #: the same in seconds, for the audio
    shift_seconds: Fraction = Fraction(0)
    #: of a part of a video: seconds from which, None: from the first on, and up to which audio
    #: belongs to it
    audio_seconds: tuple[Fraction | None, Fraction] | None = None
    #: what gives packets of the file the times in this index
    clock: SourceClock = field(default=FILE_CLOCK, repr=False, compare=False)

    def __len__(self) -> int:
        return len(self.pts)

    def keyframe_before(self, frame_index: int) -> int:
        """Return the pts of the last keyframe that is not after a frame."""
        place = int(np.searchsorted(self.keyframe_pts, self.pts[frame_index], side="right"))
        return int(self.keyframe_pts[max(place - 1, 0)])

    def first_after(self, frame_index: int, length_pts: int) -> int:
        """Return the index of the first frame that is so much later than another, N if none."""
        return int(np.searchsorted(self.pts, int(self.pts[frame_index]) + length_pts))

    def frame_rate(self, video: VideoInfo) -> Fraction:
        """Return how many frames per second there are: the header's rate where it is true.

        Elsewhere it is the mean, because time stamps say nothing better.
        """
        rising = int(self.pts[-1] - self.pts[0])
        if not rising:
            return video.average_frame_rate
        counted = (len(self) - 1) / (rising * video.time_base)
        is_true = abs(video.average_frame_rate / counted - 1) <= _RATE_TOLERANCE
        if is_true:
            return video.average_frame_rate
        return counted.limit_denominator(_RATE_DENOMINATOR) or Fraction(1, _RATE_DENOMINATOR)

    def part(self, first: int, stop: int, time_base: Fraction) -> FrameIndex:
        """Return the index of the frames ``[first, stop)``, for a copy of them alone.

        The copy begins at the time of the video's first frame, or at zero where that
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
            left_out_frames=0 if first else self.left_out_frames,
            audio_changes=tuple(
                change for change in self.audio_changes if change.seconds < int(end) * time_base
            ),
            audio_seconds=(
                int(self.pts[first]) * time_base if first else None,
                int(end) * time_base,
            ),
        )

    def next_whole(self, frame_index: int) -> int:
        """Return the index of the first frame that needs none up to another, N if none."""
        later = self.keyframe_pts[self.keyframe_pts > self.pts[frame_index]]
        return int(np.searchsorted(self.pts, first_whole_pts(later, self.refreshed_pts)))


def index_frames(
    info: MediaInfo, *, salvage: bool = False, packets: PacketList | None = None
) -> FrameIndex:
    """Read a video once and list its frames.

    Parameters
    ----------
    info : MediaInfo
        From :func:`~recorder_core.media.probe`.
    salvage : bool
        Take what a damaged or cut-off file still holds instead of refusing it.
    packets : PacketList, optional
        All packets with the times of the file, where they were read for something else.

    Raises
    ------
    DecodeError
        If the file is cut off or damaged and `salvage` is not asked for, if streams begin
        only within it, it holds a second file, or two frames have the same timestamp.
    """
    with reading(info.file):
        refuse_second_file(info.file, info.container)
    clock: SourceClock = FILE_CLOCK
    packets = list_packets(info, clock) if packets is None else packets
    parts, joined = packets.parts, None
    if parts is not None:
        joined = parts.clock(info.file, packets.pids, info.video.codec)
    if joined is not None:
        clock, packets = joined, list_packets(info, joined)
    refuse_step_back(info, packets)
    cut_off = is_cut_off(info, packets)
    # chunks of AVI may have anything between them, but lack nothing
    if cut_off or info.container != "avi" or packets.packet_bytes < packets.promised_bytes:
        packets.damaged_pts.extend(packets.broken_pts)
    audio_gaps = find_audio_gaps(info, packets.audio, packets.pts, packets.durations)
    audio_changes = packets.headers.changes
    undecodable = {change.stream_index for change in audio_changes if change.is_codec}
    if not salvage:
        _refuse_damage(info, packets, cut_off, undecodable)
        refuse_lost_audio(
            info,
            [gap for gap in audio_gaps if gap.stream_index not in undecodable],
            packets.audio,
            packets.keyframe_pts,
            parts.beginnings if parts else (),
        )
    decoded = _first_pts(info, clock)
    if _is_numbered(info, packets, decoded):
        clock = NumberedClock.from_order(
            info.video.stream_index, _shown_dts(info, packets, salvage=salvage)
        )
        packets = list_packets(info, clock)
    elif _needs_decoding(info, packets, decoded):
        packets = _read_frames(info, packets, clock, salvage=salvage)
    index = _to_index(info, packets, clock, cut_off)
    return replace(index, audio_gaps=audio_gaps, audio_changes=audio_changes)


def _refuse_damage(
    info: MediaInfo, packets: PacketList, cut_off: bool, undecodable: set[int]
) -> None:
    first = min(packets.keyframe_pts, default=0)
    damaged = [info.video.shown_seconds(pts) for pts in packets.damaged_pts if pts >= first]
    start, name = info.video.seconds(info.video.start_pts), info.name
    end = max(packets.end_seconds - start, 0.0)
    is_within = bool(damaged) and (packets.broken_pts or min(damaged) < end - _CUT_SECONDS)
    if cut_off and not is_within:
        raise DecodeError(
            f"{name} is cut off or damaged: it holds more than the {packets.read_packets} "
            f"frames (up to second {end:.1f}) that can be read; take those with --salvage"
        )
    # broadcasts may be joined in the middle of a GOP, files are written from its beginning
    if packets.before_keyframe and (info.is_mp4 or "matroska" in info.container):
        raise DecodeError(
            f"{name} is damaged: its first {packets.before_keyframe} frames come before any "
            "frame at which decoding can start; take the rest with --salvage"
        )
    damaged += [max(each - start, 0.0) for each in packets.damaged_audio(undecodable)]
    if damaged:
        raise _damaged(info, min(damaged))


def _damaged(info: MediaInfo, second: float) -> DecodeError:
    return DecodeError(
        f"{info.name} is damaged at about second {second:.1f}; take the rest with --salvage"
    )


def _first_pts(info: MediaInfo, clock: SourceClock) -> list[int]:
    """Return the pts of the first frames, as the decoder gives them, up to a damaged one."""
    decoded: list[int] = []
    for frame in islice(_decoded(info, clock), _COMPARED_FRAMES):
        if frame is None or frame.is_corrupt or frame.pts is None:
            break
        decoded.append(frame.pts)
    return decoded


def _is_numbered(info: MediaInfo, packets: PacketList, decoded: Sequence[int]) -> bool:
    """Return whether packets have the times of decoding, not those of their frames.

    Where packets were lost, frames come late, too, but packets are out of order as they were.
    """
    if info.container == "avi" and info.video.codec in _REORDERING:
        return True
    if any(after < before for before, after in pairwise(packets.pts)):
        return False
    return any(after <= before for before, after in pairwise(decoded))


def _shown_dts(info: MediaInfo, packets: PacketList, *, salvage: bool) -> array[int]:
    """Return the number of each frame's packet, in the order of presentation."""
    numbers = np.asarray(packets.dts)
    as_numbered = NumberedClock.from_order(info.video.stream_index, np.unique(numbers))
    shown = array("q")
    for frame in _decoded(info, as_numbered):
        if not salvage and (frame is None or frame.is_corrupt):
            raise _damaged(info, info.video.shown_seconds(max(shown, default=0)))
        if frame is not None and frame.pts is not None:
            shown.append(frame.pts)
    missing = np.setdiff1d(numbers, np.asarray(shown)).tolist()
    if missing and not salvage:
        raise _damaged(info, info.video.shown_seconds(missing[0]))
    for number in missing:
        after = (place for place, other in enumerate(shown) if other > number)
        shown.insert(next(after, len(shown)), number)
    if not (np.array_equal(np.sort(shown), numbers) and bool(np.all(np.diff(numbers) > 0))):
        raise DecodeError(
            f"the frames of {info.name} come out of the order of their timestamps; renumber them "
            f"by encoding: ffmpeg -r {info.video.average_frame_rate} "
            f"-i {info.name} -crf 12 new.mp4"
        )
    return shown


def _needs_decoding(info: MediaInfo, packets: PacketList, decoded: Sequence[int]) -> bool:
    if packets.without_pts or info.video.codec in _HIDDEN_FRAMES:
        return True
    if packets.refreshes.whole_pts:
        return False  # decoders leave out what is shown until a refresh is over
    first = min(packets.keyframe_pts, default=0)
    pts = np.asarray(packets.pts, np.int64)
    listed = np.sort(pts[pts >= first])[: len(decoded)]
    return bool(set(decoded) - set(listed.tolist()))


def _decoded(info: MediaInfo, clock: SourceClock) -> Iterator[VideoFrame | None]:
    """Yield each frame that the decoder gives, and None for each packet it refuses."""
    with reading(info.file), open_media(info.file) as container:
        stream = source_video(container, info)
        stream.thread_type = "AUTO"
        for packet in clock.correct(read_packets(container, [stream])):
            try:
                yield from packet.decode()
            except av.error.InvalidDataError:
                yield None


def _read_frames(
    info: MediaInfo, packets: PacketList, clock: SourceClock, *, salvage: bool
) -> PacketList:
    """List the frames by decoding them all.

    A damaged file's frames cannot be counted this way; with salvage its packets
    stand for them.
    """
    found = PacketList(damaged_pts=packets.damaged_pts, packet_bytes=packets.packet_bytes)
    found.sizes_bytes, found.changes = packets.sizes_bytes, packets.changes
    found.refreshes = packets.refreshes
    for frame in _decoded(info, clock):
        if frame is None or frame.is_corrupt:
            if salvage:
                return packets
            second = info.video.shown_seconds(max(found.pts, default=0))
            raise _damaged(info, second)
        if frame.pts is None:
            raise DecodeError(
                f"the frames of {info.name} have no timestamps; give them some by encoding: "
                f"ffmpeg -i {info.name} -crf 12 new.mp4"
            )
        found.pts.append(frame.pts)
        found.durations.append(frame.duration)
        if frame.key_frame:
            found.keyframe_pts.append(frame.pts)
    not_given = max(packets.read_packets - len(found.pts), 0)
    found.before_keyframe = min(packets.before_keyframe, not_given)
    return found


def _to_index(
    info: MediaInfo, packets: PacketList, clock: SourceClock, cut_off: bool
) -> FrameIndex:
    keyframes = np.unique(np.asarray(packets.keyframe_pts, np.int64))
    pts = np.asarray(packets.pts, np.int64)
    order = np.argsort(pts, kind="stable")
    # what is shown before refers to frames that were cut away
    order = order[pts[order] >= first_whole_pts(keyframes, packets.refreshes.whole_pts)]
    pts = pts[order]
    if not len(pts):
        raise DecodeError(f"{info.name} has no frame at which decoding can start")
    if np.any(np.diff(pts) <= 0):
        place = int(np.argmax(np.diff(pts) <= 0))
        raise DecodeError(
            f"frames {place} and {place + 1} of {info.name} have the same timestamp "
            f"(second {info.video.shown_seconds(int(pts[place])):.2f}); "
            "give it a constant frame rate: ffmpeg -i "
            f"{info.name} -r {info.video.average_frame_rate} -crf 12 new.mp4"
        )
    durations = shown_durations(pts, np.asarray(packets.durations, np.int64)[order], info.video)
    damaged = tuple(np.intersect1d(packets.damaged_pts, pts).astype(np.int64).tolist())
    sizes = _sizes_bytes(packets)[order]
    return FrameIndex(
        pts,
        durations,
        keyframes,
        packets.packet_bytes,
        sizes,
        damaged_pts=damaged,
        refreshed_pts=packets.refreshes.whole_pts,
        cut_off=cut_off,
        left_out_frames=max(len(packets.pts) - len(pts), packets.before_keyframe),
        change=None if packets.changes is None else packets.changes.found,
        clock=clock,
    )


def _sizes_bytes(packets: PacketList) -> NDArray[np.int64]:
    count = len(packets.pts)
    if len(packets.sizes_bytes) == count:
        return np.asarray(packets.sizes_bytes, np.int64)
    return np.full(count, sum(packets.sizes_bytes) // max(count, 1), np.int64)
