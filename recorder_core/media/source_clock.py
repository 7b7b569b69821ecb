"""The times at which a source's frames are shown, where its packets do not say them.

Most containers state them, and `FileClock` takes them as they are. Two kinds do not:

- parts that were joined byte by byte (transport and program streams), each with a clock
  of its own, which may wrap within it: `JoinedClock` goes on from part to part;
- frames stored in the order of decoding with nothing but their number, as in AVI:
  `NumberedClock` gives the times to the frames in the order of presentation.

Each works on the packets as they come, from any place of the file on.
"""

from __future__ import annotations

from array import array
from bisect import bisect_right
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final, Protocol

import numpy as np
from av.container import InputContainer
from av.packet import Packet
from av.video.stream import VideoStream
from numpy.typing import NDArray

__all__ = [
    "FILE_CLOCK",
    "JOINABLE_CONTAINERS",
    "JoinedClock",
    "NumberedClock",
    "PartFinder",
    "SourceClock",
]

#: containers that can be joined byte by byte, both with a clock of 33 bits at 90 kHz
JOINABLE_CONTAINERS: Final = ("mpegts", "mpeg")
_CLOCK_HZ: Final = 90_000
_WRAP: Final = 1 << 33
#: times that go back by more, in the order of decoding, are of another part; those that go
#: ahead by more to a keyframe are too, of which the clock went on during a pause
_MAX_STEP: Final = _CLOCK_HZ // 2
#: no recorder pauses for longer; a clock that jumps so far ahead is another one
_MAX_PAUSE: Final = 3600 * _CLOCK_HZ
#: streams of one part begin at most so long before the packet that comes first in the file
_MAX_SKEW: Final = 60 * _CLOCK_HZ
#: the one that the end of a part left open, and the one that the parser still held
_LAST_PACKETS: Final = 2
#: columns of what is noted of each packet
_POSITION, _STREAM, _DTS, _PTS, _END, _KEY = range(6)


class SourceClock(Protocol):
    """What gives the packets of a source the times of their frames."""

    def correct(self, packets: Iterable[Packet[Any]]) -> Iterator[Packet[Any]]:
        """Yield packets, which follow each other in the file, with their right times."""

    def seek(self, container: InputContainer, stream: VideoStream, pts: int) -> None:
        """Go to about the last keyframe before a right time; it may be missed."""


@dataclass(frozen=True, slots=True)
class FileClock:
    """The times are as the file has them; see `FILE_CLOCK`."""

    def correct(self, packets: Iterable[Packet[Any]]) -> Iterator[Packet[Any]]:
        """Yield the packets as they are."""
        yield from packets

    def seek(self, container: InputContainer, stream: VideoStream, pts: int) -> None:
        """Go to the time."""
        container.seek(pts, stream=stream)


FILE_CLOCK: Final = FileClock()


@dataclass(frozen=True, slots=True)
class NumberedClock:
    """Packets are numbered in the order of decoding; their frames have other times."""

    stream_index: int
    #: number of a packet (its dts) -> pts of its frame
    pts_by_dts: Mapping[int, int] = field(repr=False)
    #: what is taken from each number, so that no frame is shown before it is decoded
    delay: int = 0

    @classmethod
    def from_order(cls, stream_index: int, shown_dts: Sequence[int]) -> NumberedClock:
        """Return the clock of a stream.

        Parameters
        ----------
        stream_index : int
        shown_dts : sequence of int
            The number of each frame's packet, in the order of presentation.
        """
        pts_by_dts = dict(zip(shown_dts, sorted(shown_dts), strict=True))
        delay = max((dts - pts for dts, pts in pts_by_dts.items()), default=0)
        return cls(stream_index, pts_by_dts, delay)

    def correct(self, packets: Iterable[Packet[Any]]) -> Iterator[Packet[Any]]:
        """Yield the packets; those of the video have the times of their frames."""
        for packet in packets:
            if packet.stream_index == self.stream_index and packet.dts is not None:
                packet.pts = self.pts_by_dts.get(packet.dts, packet.pts)
                packet.dts -= self.delay
            yield packet

    def seek(self, container: InputContainer, stream: VideoStream, pts: int) -> None:
        """Go to the time: a keyframe is never shown before its number."""
        container.seek(pts, stream=stream)


@dataclass(frozen=True, slots=True)
class _Part:
    """A stretch of a file with a clock of its own."""

    #: byte of the file at which it begins
    position: int
    #: what its clock showed first
    first: int
    #: what is added to its times, which are counted from `first`
    start: int

    def time(self, value: int) -> int:
        """Return the right time for what a packet states."""
        return self.start + _since(value, self.first)


def _since(value: int, first: int) -> int:
    """Return how long after a time another is, whether the clock wrapped between or not."""
    return (value - first + _MAX_SKEW) % _WRAP - _MAX_SKEW


@dataclass(frozen=True, slots=True)
class JoinedClock:
    """Parts follow each other in one file, each with a clock of its own."""

    parts: tuple[_Part, ...] = field(repr=False)
    #: (stream, dts) of the last packets of each stream in each part, in right times
    last_packets: frozenset[tuple[int, int]] = field(repr=False)
    #: pts of a keyframe -> the byte at which it begins
    positions: dict[int, int] = field(default_factory=dict, repr=False, compare=False)

    def correct(self, packets: Iterable[Packet[Any]]) -> Iterator[Packet[Any]]:
        """Yield the packets with times that go on from part to part.

        The last packets before a joint count as whole: FFmpeg calls them damaged because the
        next part counts its transport packets anew.
        """
        starts = [part.position for part in self.parts]
        positions: dict[int, int] = {}
        for packet in packets:
            place = _position(packet, positions)
            if packet.dts is not None:
                part = self.parts[max(bisect_right(starts, place) - 1, 0)]
                packet.dts = part.time(packet.dts)
                packet.pts = None if packet.pts is None else part.time(packet.pts)
                if (packet.stream_index, packet.dts) in self.last_packets:
                    packet.is_corrupt = False
                if packet.is_keyframe and packet.pts is not None:
                    self.positions.setdefault(packet.pts, place)
            yield packet

    def seek(self, container: InputContainer, stream: VideoStream, pts: int) -> None:
        """Go to the byte at which the last keyframe before was found when the file was read."""
        before = max((known for known in self.positions if known <= pts), default=None)
        position = 0 if before is None else self.positions[before]
        container.seek(position, stream=stream, unsupported_byte_offset=True)


def _position(packet: Packet[Any], positions: dict[int, int]) -> int:
    """Return where a packet begins; one that begins within another one's data, with that."""
    if packet.pos is not None:
        positions[packet.stream_index] = packet.pos
    return positions.get(packet.stream_index, 0)


class PartFinder:
    """Finds the parts of a joined file from all packets of its video and audio.

    Parameters
    ----------
    video_index : int
        The stream of the video.
    """

    def __init__(self, video_index: int) -> None:
        self._video_index = video_index
        #: position, stream, dts, pts and end of each packet, and whether decoding can start
        self._columns = tuple(array("q") for _ in range(6))
        self._positions: dict[int, int] = {}

    def note(self, packet: Packet[Any]) -> None:
        """Take the next packet of the file."""
        if packet.dts is None:
            return
        pts = packet.pts if packet.pts is not None else packet.dts
        place = _position(packet, self._positions)
        is_key = packet.is_keyframe and packet.stream_index == self._video_index
        end = pts + (packet.duration or 0)
        row = (place, packet.stream_index, packet.dts, pts, end, int(is_key))
        for column, value in zip(self._columns, row, strict=True):
            column.append(value)

    def clock(self) -> JoinedClock | None:
        """Return the clock of a file with more than one part, None for any other."""
        rows = np.stack([np.asarray(column, np.int64) for column in self._columns], axis=1)
        rows = rows[np.argsort(rows[:, _POSITION], kind="stable")]
        joints = _joints(rows)
        if not joints:
            return None
        parts: list[_Part] = []
        last_packets: set[tuple[int, int]] = set()
        stop_time = 0
        for stretch in np.split(rows, joints):
            part = _part(stretch, parts[-1] if parts else None, stop_time)
            parts.append(part)
            stop_time = max(part.time(int(end)) for end in stretch[:, _END])
            last_packets |= set(_last_packets(stretch, part))
        return JoinedClock(tuple(parts), frozenset(last_packets))


def _joints(rows: NDArray[np.int64]) -> list[int]:
    """Return the row at which each part but the first begins."""
    candidates: list[tuple[int, int]] = []
    for stream in np.unique(rows[:, _STREAM]):
        places = np.flatnonzero(rows[:, _STREAM] == stream)
        steps = (np.diff(rows[places, _DTS]) + _WRAP // 2) % _WRAP - _WRAP // 2
        is_pause = (steps > _MAX_STEP) & (rows[places[1:], _KEY] > 0)
        jumps = np.flatnonzero((steps < -_MAX_STEP) | (steps > _MAX_PAUSE) | is_pause)
        candidates += zip(places[jumps + 1].tolist(), places[jumps].tolist(), strict=True)
    joints: list[int] = []
    for place, before in sorted(candidates):
        # other streams come to the same joint a little later
        if not joints or before >= joints[-1]:
            joints.append(place)
    return joints


def _last_packets(rows: NDArray[np.int64], part: _Part) -> Iterator[tuple[int, int]]:
    """Yield stream and time of the packets that FFmpeg may call damaged at the next joint."""
    for stream in np.unique(rows[:, _STREAM]).tolist():
        for dts in rows[rows[:, _STREAM] == stream, _DTS][-_LAST_PACKETS:].tolist():
            yield stream, part.time(dts)


def _part(rows: NDArray[np.int64], before: _Part | None, stop_time: int) -> _Part:
    """Return a part that goes on where the one before stopped, or after a pause of its clock."""
    position, first = int(rows[0, _POSITION]), int(rows[0, _DTS])
    if before is None:
        return _Part(position, first, first)
    earliest = min(_since(int(pts), first) for pts in rows[:, _PTS])
    paused = before.time(first) + earliest - stop_time
    return _Part(position, first, stop_time - earliest + (paused if _is_pause(paused) else 0))


def _is_pause(units: int) -> bool:
    return 0 < units <= _MAX_PAUSE
