"""The times at which a source's frames are shown, where its packets do not say them.

Most containers state them, and `FileClock` takes them as they are. Two kinds do not:

- parts that were joined byte by byte (transport and program streams), each with a clock
  of its own, which may wrap within it, or by a program that lets them overlap (Matroska):
  `JoinedClock` goes on from part to part, and knows which packets are damaged;
- frames stored in the order of decoding with nothing but their number, as in AVI:
  `NumberedClock` gives the times to the frames in the order of presentation.

Each works on the packets as they come, from any place of the file on.
"""

from __future__ import annotations

from array import array
from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import Any, Final, Protocol

import numpy as np
from av.container import InputContainer
from av.packet import Packet
from av.video.stream import VideoStream
from numpy.typing import NDArray

__all__ = [
    "BYTE_JOINED_CONTAINERS",
    "CLOCK_HZ",
    "CLOCK_WRAP",
    "FILE_CLOCK",
    "JOINABLE_CONTAINERS",
    "ClockPart",
    "JoinedClock",
    "NumberedClock",
    "SourceClock",
    "packet_position",
    "since",
]

#: containers that can be joined byte by byte, both with a clock of 33 bits at 90 kHz
BYTE_JOINED_CONTAINERS: Final = ("mpegts", "mpeg")
#: also those in which programs that join recordings let them overlap
JOINABLE_CONTAINERS: Final = (*BYTE_JOINED_CONTAINERS, "matroska,webm")
#: units a second of their clock, and how many it counts before it begins anew
CLOCK_HZ: Final = 90_000
CLOCK_WRAP: Final = 1 << 33
#: streams of one part begin at most so long before the packet that comes first in the file
_MAX_SKEW: Final = 60 * CLOCK_HZ


class SourceClock(Protocol):
    """What gives the packets of a source the times of their frames."""

    def correct(self, packets: Iterable[Packet[Any]]) -> Iterator[Packet[Any]]:
        """Yield packets, which follow each other in the file, with their right times."""

    def seek(self, container: InputContainer, stream: VideoStream, pts: int) -> None:
        """Seek to about the last keyframe before a right time; it may be missed."""


@dataclass(frozen=True, slots=True)
class FileClock:
    """The times are as the file has them; see `FILE_CLOCK`."""

    def correct(self, packets: Iterable[Packet[Any]]) -> Iterator[Packet[Any]]:
        """Yield the packets as they are."""
        yield from packets

    def seek(self, container: InputContainer, stream: VideoStream, pts: int) -> None:
        """Seek to the time."""
        container.seek(pts, stream=stream)


FILE_CLOCK: Final = FileClock()


@dataclass(frozen=True, slots=True)
class NumberedClock:
    """Packets are numbered in the order of decoding; their frames have other times."""

    stream_index: int
    #: the packets' numbers (their dts), rising; 64 bits each: hours have hundreds of thousands
    numbers: array[int] = field(repr=False)
    #: pts of each packet's frame
    pts: array[int] = field(repr=False)
    #: what is taken from each number, so that no frame is shown before it is decoded
    delay: int = 0

    @classmethod
    def from_order(
        cls, stream_index: int, shown_dts: array[int] | NDArray[np.int64]
    ) -> NumberedClock:
        """Return the clock of a stream.

        Parameters
        ----------
        stream_index : int
        shown_dts : array or ndarray of shape (N,), int64
            The number of each frame's packet, in the order of presentation.
        """
        shown = np.asarray(shown_dts, np.int64)
        order = np.argsort(shown)
        numbers = shown[order]
        pts = numbers[order]
        delay = int((numbers - pts).max(initial=0))
        return cls(stream_index, array("q", numbers.tobytes()), array("q", pts.tobytes()), delay)

    def correct(self, packets: Iterable[Packet[Any]]) -> Iterator[Packet[Any]]:
        """Yield the packets; those of the video have the times of their frames."""
        for packet in packets:
            if packet.stream_index == self.stream_index and packet.dts is not None:
                place = bisect_left(self.numbers, packet.dts)
                if place < len(self.numbers) and self.numbers[place] == packet.dts:
                    packet.pts = self.pts[place]
                packet.dts -= self.delay
            yield packet

    def seek(self, container: InputContainer, stream: VideoStream, pts: int) -> None:
        """Seek to the time: a keyframe is never shown before its number."""
        container.seek(pts, stream=stream)


@dataclass(frozen=True, slots=True)
class ClockPart:
    """A stretch of a file with a clock of its own."""

    #: byte of the file at which it begins
    position: int
    #: what its clock showed first
    first: int
    #: what is added to its times, which are counted from `first`
    start: int

    def time(self, value: int) -> int:
        """Return the right time for what a packet states."""
        return self.start + since(value, self.first)


def since(value: int, first: int) -> int:
    """Return how long after a time another is, whether the clock wrapped between or not."""
    return (value - first + _MAX_SKEW) % CLOCK_WRAP - _MAX_SKEW


@dataclass(frozen=True, slots=True)
class JoinedClock:
    """Parts follow each other in one file, each with a clock of its own."""

    parts: tuple[ClockPart, ...] = field(repr=False)
    #: (stream, byte at which it begins) of each packet that is damaged; None: as FFmpeg says
    damaged: frozenset[tuple[int, int]] | None = field(default=None, repr=False)
    #: seeking goes to a time of the file, not to a byte
    seeks_times: bool = False
    #: pts of a keyframe -> the byte at which it begins
    positions: dict[int, int] = field(default_factory=dict, repr=False, compare=False)

    def correct(self, packets: Iterable[Packet[Any]]) -> Iterator[Packet[Any]]:
        """Yield the packets with times that go on from part to part, and what is damaged marked."""
        starts = [part.position for part in self.parts]
        positions: dict[int, int] = {}
        for packet in packets:
            place = packet_position(packet, positions)
            if self.damaged is not None and packet.size:
                packet.is_corrupt = (packet.stream_index, place) in self.damaged
            part = self.parts[max(bisect_right(starts, place) - 1, 0)]
            packet.dts = None if packet.dts is None else part.time(packet.dts)
            packet.pts = None if packet.pts is None else part.time(packet.pts)
            if packet.is_keyframe and packet.pts is not None:
                self.positions.setdefault(packet.pts, place)
            yield packet

    def seek(self, container: InputContainer, stream: VideoStream, pts: int) -> None:
        """Seek to the byte at which the last keyframe before was found when the file was read."""
        if self.seeks_times:
            starts = [part.start for part in self.parts]
            part = self.parts[max(bisect_right(starts, pts) - 1, 0)]
            container.seek(pts - part.start + part.first, stream=stream)
            return
        before = max((known for known in self.positions if known <= pts), default=None)
        position = 0 if before is None else self.positions[before]
        container.seek(position, stream=stream, unsupported_byte_offset=True)


def packet_position(packet: Packet[Any], positions: dict[int, int]) -> int:
    """Return where a packet begins; one that begins within another one's data, with that."""
    if packet.pos is not None:
        positions[packet.stream_index] = packet.pos
    return positions.get(packet.stream_index, 0)
