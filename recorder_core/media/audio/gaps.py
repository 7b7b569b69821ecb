"""Where a source has no audio while its video goes on, by the times of the packets alone."""

from __future__ import annotations

from array import array
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

import numpy as np
from av.packet import Packet
from numpy.typing import NDArray

from recorder_core.errors import DecodeError
from recorder_core.media.container.info import AudioInfo, MediaInfo

__all__ = ["AudioGap", "AudioTimes", "find_audio_gaps", "refuse_lost_audio"]

#: packets of these codecs hold different times, and say so; those of others do not
_UNEVEN_CODECS: Final = ("pcm", "adpcm", "vorbis", "flac", "wma", "alac")
#: a packet is missing where its time is, but for what containers round times to, which is much
#: of a short packet; where recordings were joined, less is missing than a packet
_MISSING_SHARE: Final = 0.9
_MISSING_SHARE_OF_SHORT: Final = 0.5
_ROUNDING_SECONDS: Final = 0.002
#: of the steps from packet to packet, the share that is no longer than a usual packet
_USUAL_STEPS_PERCENT: Final = 90
#: the counters of a stream of which some packets were lost fit again by chance, if few were; for
#: so long a recorder was told to leave audio out
_SWITCHED_OFF_SECONDS: Final = 1.0
#: before the first packet and behind the last; a recorder switches audio on and off a little
#: before or after the video
_EDGE_SECONDS: Final = 0.5
#: where the frames pause, too, for more than so many usual steps, the recorder paused
_PAUSE_STEPS: Final = 1.5
#: a counter of 4 bits fits again by chance only where so many packets are lost, or a multiple
_COUNTED_PACKETS: Final = 16
#: content of a packet of a transport stream, and what the header of a unit takes of it
_PACKET_BYTES: Final = 184
_UNIT_HEADER_BYTES: Final = 14
#: so much of what that many packets usually hold may be less where bit rates vary
_MIN_SHARE: Final = 0.75
#: the first audio of a recording begins with its first frame, a keyframe
_NEAR_KEYFRAME_SECONDS: Final = 0.03


@dataclass(frozen=True, slots=True)
class AudioGap:
    """A span in which a stream has no audio, though frames are shown in it."""

    stream_index: int
    #: in the clock of the source's index
    start_seconds: float
    stop_seconds: float
    #: of a transport stream: bytes of the file at which the packets before and behind begin;
    #: None at an end
    between: tuple[int, int] | None = None

    def is_within_recording(self, beginnings: Sequence[int]) -> bool:
        """Return whether packets lie on both sides, and no other recording begins between.

        Parameters
        ----------
        beginnings : sequence of int
            Bytes of the file at which a recording begins.
        """
        if self.between is None:
            return False
        before, behind = self.between
        return not any(before < place <= behind for place in beginnings)


@dataclass(slots=True)
class AudioTimes:
    """The packets of one stream of audio, in the order of the file; hours have 170,000 each."""

    #: FFmpeg's name
    codec: str
    #: of a transport stream, whose counters of packets need not show what is lost
    is_counted: bool = False
    starts_seconds: array[float] = field(default_factory=lambda: array("d"))
    durations_seconds: array[float] = field(default_factory=lambda: array("d"))
    #: byte of the file at which each begins, and its size; empty where no packets are counted
    positions: array[int] = field(default_factory=lambda: array("q"))
    sizes_bytes: array[int] = field(default_factory=lambda: array("i"))

    @property
    def uncounted_seconds(self) -> float:
        """How long the shortest loss in a transport stream is that no counter shows."""
        if not len(self.positions):
            return 0.0
        # packets that share a unit have its position
        _, units = np.unique(np.asarray(self.positions), return_inverse=True)
        contents = np.bincount(units, weights=np.asarray(self.sizes_bytes))
        packets = float(np.ceil((contents + _UNIT_HEADER_BYTES) / _PACKET_BYTES).sum())
        lasts = sum(self.durations_seconds)
        return _MIN_SHARE * _COUNTED_PACKETS * lasts / packets

    def note(self, packet: Packet[Any], unit_seconds: float) -> None:
        """Read the next packet, of a stream whose times are in units of so many seconds."""
        if packet.pts is None or not unit_seconds:
            return
        self.starts_seconds.append(packet.pts * unit_seconds)
        self.durations_seconds.append((packet.duration or 0) * unit_seconds)
        if self.is_counted:
            before = self.positions[-1] if self.positions else 0
            self.positions.append(before if packet.pos is None else packet.pos)
            self.sizes_bytes.append(packet.size)

    def between(self, before: int, behind: int) -> tuple[int, int] | None:
        """Return where two packets, by their numbers, begin in the file; None: not counted."""
        return (self.positions[before], self.positions[behind]) if self.positions else None


def find_audio_gaps(
    info: MediaInfo, audio: Mapping[int, AudioTimes], pts: Sequence[int], durations: Sequence[int]
) -> tuple[AudioGap, ...]:
    """Return the spans in which a packet or more of audio is missing while frames are shown.

    Parameters
    ----------
    info : MediaInfo
    audio : mapping of int to AudioTimes
        The packets of each stream of audio.
    pts, durations : sequence of int
        Of the frames of the video, in its time base, in any order.

    Returns
    -------
    tuple of AudioGap
        Stream by stream, in order. A pause of the whole recording is none.
    """
    if not len(pts):
        return ()
    last = int(np.argmax(pts))
    frames = np.append(np.sort(pts), pts[last] + durations[last])
    frames_seconds = frames * float(info.video.time_base)
    return tuple(
        gap
        for track in info.audio
        if track.stream_index in audio
        for gap in _gaps_of(track, audio[track.stream_index], frames_seconds)
    )


def refuse_lost_audio(
    info: MediaInfo,
    gaps: Sequence[AudioGap],
    audio: Mapping[int, AudioTimes],
    keyframe_pts: Sequence[int],
    beginnings: Sequence[int],
) -> None:
    """Refuse a transport stream that has lost audio, which its counters need not show.

    Where nothing shows it for a second or more, audio was switched off: that is named, not lost.
    Neither is what is missing before a keyframe, where a program joined recordings and counted
    their packets anew, or what is less than the packets that a counter does not miss.

    Parameters
    ----------
    info : MediaInfo
    gaps : sequence of AudioGap
    audio : mapping of int to AudioTimes
        The packets of each stream of audio.
    keyframe_pts : sequence of int
        Of the video, in its time base.
    beginnings : sequence of int
        Bytes of the file at which a recording begins: none need go on from the one before.

    Raises
    ------
    DecodeError
        If a packet within a recording is missing; the message says which stream, and when.
    """
    keyframes = np.asarray(keyframe_pts, np.int64) * float(info.video.time_base)
    shortest = {stream: times.uncounted_seconds for stream, times in audio.items()}
    lost = [
        gap
        for gap in gaps
        if gap.is_within_recording(beginnings)
        and shortest[gap.stream_index]
        <= gap.stop_seconds - gap.start_seconds
        < _SWITCHED_OFF_SECONDS
        and not np.any(np.abs(keyframes - gap.stop_seconds) <= _NEAR_KEYFRAME_SECONDS)
    ]
    if lost and info.container == "mpegts":
        start = info.video.seconds(info.video.start_pts)
        raise DecodeError(
            f"{info.name} is damaged: audio stream {lost[0].stream_index} has nothing from "
            f"second {max(lost[0].start_seconds - start, 0):.2f} to "
            f"{max(lost[0].stop_seconds - start, 0):.2f}, where the video goes on; take the rest "
            "with --salvage"
        )


def _gaps_of(
    track: AudioInfo, audio: AudioTimes, frames_seconds: NDArray[np.float64]
) -> list[AudioGap]:
    """Return the gaps of one stream; `frames_seconds` ends with the end of the last frame."""
    if not len(audio.starts_seconds):
        return []
    order = np.argsort(np.asarray(audio.starts_seconds), kind="stable")
    starts = np.asarray(audio.starts_seconds)[order]
    usual = _usual_seconds(starts)
    stops = starts + _lengths(track, np.asarray(audio.durations_seconds)[order], usual)
    missing = starts[1:] - stops[:-1]
    short = _MISSING_SHARE_OF_SHORT * usual + _ROUNDING_SECONDS
    lacks = np.flatnonzero(missing > max(_MISSING_SHARE * usual, short))
    edges = _edge_gaps(track.stream_index, float(starts[0]), float(stops.max()), frames_seconds)
    inner = [
        AudioGap(
            track.stream_index,
            float(stops[place]),
            float(starts[place + 1]),
            audio.between(int(order[place]), int(order[place + 1])),
        )
        for place in lacks.tolist()
        if not _is_paused(frames_seconds, float(stops[place]), float(starts[place + 1]))
    ]
    return sorted([*inner, *edges], key=lambda gap: gap.start_seconds)


def _edge_gaps(
    stream_index: int, begins: float, ends: float, frames_seconds: NDArray[np.float64]
) -> list[AudioGap]:
    first, last = float(frames_seconds[0]), float(frames_seconds[-1])
    edges = ((first, min(begins, last)), (max(ends, first), last))
    return [
        AudioGap(stream_index, start, stop) for start, stop in edges if stop - start > _EDGE_SECONDS
    ]


def _usual_seconds(starts: NDArray[np.float64]) -> float:
    steps = np.diff(starts)
    return float(np.percentile(steps, _USUAL_STEPS_PERCENT)) if len(steps) else 0.0


def _lengths(
    track: AudioInfo, said: NDArray[np.float64], usual_seconds: float
) -> NDArray[np.float64]:
    """Return how long each packet is heard; MP4 says of one before a gap that it lasts through."""
    if track.codec.startswith(_UNEVEN_CODECS):
        return np.where(said > 0, said, usual_seconds)
    return np.full(len(said), usual_seconds)


def _is_paused(frames_seconds: NDArray[np.float64], start: float, stop: float) -> bool:
    """Return whether a frame stands still for most of a span, or none is shown in it."""
    begin, end = max(start, float(frames_seconds[0])), min(stop, float(frames_seconds[-1]))
    if end <= begin:
        return True
    usual = float(np.median(np.diff(frames_seconds)))
    place = int(np.searchsorted(frames_seconds, begin, side="right")) - 1
    until = int(np.searchsorted(frames_seconds, end, side="left")) + 1
    around = frames_seconds[max(place, 0) : until]
    heard = np.minimum(around[1:], end) - np.maximum(around[:-1], begin)
    is_long = np.diff(around) > _PAUSE_STEPS * usual
    return bool(np.any(is_long & (heard > (end - begin) / 2)))
