"""Tell where another recording begins within a transport stream from where packets are lost.

Both break the counters of the packets. A recording begins with its tables, a keyframe and the
beginning of a unit in every stream; nothing is lost where the unit before has its end and
the time goes on as everywhere, or all counters begin anew as at the beginning of the file.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from recorder_core.media.container.source_clock import CLOCK_WRAP
from recorder_core.media.container.transport.stream import TABLE_PID, UnitEnd, Units
from recorder_core.model.values.carriers import carrier_repr

__all__ = ["StreamTimes", "Wholeness", "judge_units"]

#: a step in time of more than so many usual ones may lack a packet
_USUAL_STEPS: Final = 1.5


@dataclass(frozen=True, slots=True)
class StreamTimes:
    """Packets of one stream, in the order of the file."""

    __repr__ = carrier_repr

    #: (N,) int64, byte at which the unit of each begins
    positions: NDArray[np.int64]
    #: (N,) int64, at 90 kHz
    dts: NDArray[np.int64]
    #: (N,) bool
    is_key: NDArray[np.bool_]

    def at(self, position: int) -> int:
        """Return the number of the first packet that begins at a byte or after it."""
        return int(np.searchsorted(self.positions, position))

    def goes_on(self, position: int) -> bool:
        """Return whether nothing can be missing before a byte by the time of what follows.

        Times that go back are another clock's.
        """
        place = self.at(position)
        if not 0 < place < len(self.dts):
            return True
        steps = (np.diff(self.dts) + CLOCK_WRAP // 2) % CLOCK_WRAP - CLOCK_WRAP // 2
        return bool(steps[place - 1] <= _USUAL_STEPS * np.median(steps))


@dataclass(frozen=True, slots=True)
class Wholeness:
    """Where recordings begin, and what lacks a packet."""

    #: bytes at which another recording begins, before which nothing is lost
    joints: tuple[int, ...] = ()
    #: (stream, byte at which it begins) of each packet that is damaged
    damaged: frozenset[tuple[int, int]] = frozenset()


def judge_units(
    units: Mapping[int, Units],
    pids: Mapping[int, int],
    times: Mapping[int, StreamTimes],
    video_index: int,
    is_whole: Callable[[int], bool] | None,
) -> Wholeness:
    """Return where recordings begin in a transport stream, and what is damaged.

    Parameters
    ----------
    units : mapping of int to Units
        By PID, from :func:`~recorder_core.media.container.transport.stream.read_units`.
    pids : mapping of int to int
        PID -> stream, of the streams that count.
    times : mapping of int to StreamTimes
        By stream.
    video_index : int
        The stream of the video.
    is_whole : callable or None
        Told the byte at which a unit of the video begins of which this is not known, says
        whether its last frame has its end. None: the decoder finds out when that is missing.
    """
    judge = _Judge(units, pids, times, video_index, is_whole)
    joints = judge.joints()
    damaged = frozenset(
        (stream, position)
        for pid, stream in pids.items()
        if pid in units and stream in times
        for unit in (
            *_cut_units(units[pid], stream == video_index, is_whole),
            *_broken_units(units[pid], joints, times[stream], stream == video_index),
        )
        for position in _packets_of(units[pid], unit, times[stream])
    )
    return Wholeness(joints, damaged)


@dataclass(frozen=True, slots=True)
class _Judge:
    units: Mapping[int, Units]
    pids: Mapping[int, int]
    times: Mapping[int, StreamTimes]
    video_index: int
    is_whole: Callable[[int], bool] | None

    def joints(self) -> tuple[int, ...]:
        """Return the places at which recordings begin.

        A recorder may write its tables once more before its last audio: of the tables before
        one frame of the video, a recording begins with those at which most counters break.
        """
        video = self.times[self.video_index]
        found: dict[int, int] = {}
        for position in filter(self.is_joint, self.candidates()):
            first = video.at(position)
            if first not in found or self._breaks_at(position) > self._breaks_at(found[first]):
                found[first] = position
        return tuple(found.values())

    def candidates(self) -> list[int]:
        """Return the places of tables at which a counter breaks, or before what breaks."""
        tables = self.units.get(TABLE_PID, Units())
        found = {tables.starts[place] for place in np.flatnonzero(tables.breaks_before).tolist()}
        for pid in self.pids:
            units = self.units.get(pid, Units())
            for place in np.flatnonzero(units.breaks_before).tolist():
                first = bisect_left(tables.starts, units.lasts[place - 1])
                found |= set(tables.starts[first : bisect_left(tables.starts, units.starts[place])])
        return sorted(found)

    def is_joint(self, position: int) -> bool:
        """Return whether a recording begins at a table, and the one before has its end."""
        if not all(self._is_ended(pid, position) for pid in self.pids if pid in self.units):
            return False
        video = self.times[self.video_index]
        first = video.at(position)
        if first == len(video.is_key) or not video.is_key[first]:
            return False
        goes_on = all(times.goes_on(position) for times in self.times.values())
        return (goes_on or self._counts_anew(position)) and self._video_is_whole(position)

    def _breaks_at(self, position: int) -> int:
        """Return how many streams have a counter that breaks at the unit after a byte."""
        count = 0
        for pid in self.pids:
            units = self.units.get(pid, Units())
            place = bisect_left(units.starts, position)
            count += place < len(units.starts) and bool(units.breaks_before[place])
        return count

    def _is_ended(self, pid: int, position: int) -> bool:
        units = self.units[pid]
        before = bisect_left(units.starts, position) - 1
        if before < 0:
            return True
        if units.lasts[before] >= position or units.ends[before] == UnitEnd.CUT:
            return False
        # of the video that is found out last
        return self.pids[pid] == self.video_index or units.ends[before] == UnitEnd.WHOLE

    def _video_is_whole(self, position: int) -> bool:
        if self.is_whole is None:
            return True
        for pid, stream in self.pids.items():
            if stream == self.video_index and pid in self.units:
                units = self.units[pid]
                before = bisect_left(units.starts, position) - 1
                return before < 0 or _has_end(units, before, self.is_whole)
        return True

    def _counts_anew(self, position: int) -> bool:
        counts: set[int] = set()
        is_same = True
        # other tables may come before
        media = [units for units in self.units.values() if units.is_pes]
        stop = max((_last_before(units, position) for units in media), default=0)
        for units in self.units.values():
            place = bisect_left(units.starts, position if units.is_pes else stop)
            if place < len(units.starts):
                counts.add(units.first_counts[place])
                is_same &= units.first_counts[place] == units.first_counts[0]
        return is_same or len(counts) == 1


def _last_before(units: Units, position: int) -> int:
    before = bisect_left(units.starts, position) - 1
    return units.lasts[before] if before >= 0 else 0


def _has_end(units: Units, place: int, is_whole: Callable[[int], bool]) -> bool:
    if units.ends[place] == UnitEnd.UNKNOWN:
        return is_whole(units.starts[place])
    return units.ends[place] == UnitEnd.WHOLE


def _cut_units(units: Units, is_video: bool, is_whole: Callable[[int], bool] | None) -> list[int]:
    """Return the number of each unit without its end; a recorder stops anywhere."""
    is_cut = np.asarray(units.ends) == UnitEnd.CUT
    if len(is_cut):
        is_cut[-1] &= is_video
        if is_video and is_whole is not None:
            is_cut[-1] = not _has_end(units, len(is_cut) - 1, is_whole)
    return [int(place) for place in np.flatnonzero(is_cut)]


def _broken_units(
    units: Units, joints: tuple[int, ...], times: StreamTimes, is_video: bool
) -> Iterator[int]:
    """Yield the number of each unit that lacks a packet, or has lost what it refers to."""
    yield from np.flatnonzero(units.breaks_within).tolist()
    for place in np.flatnonzero(units.breaks_before).tolist():
        next_joint = bisect_left(joints, units.lasts[place - 1])
        if next_joint == len(joints) or joints[next_joint] > units.starts[place]:
            yield place - 1
            first = times.at(units.starts[place])
            if first < len(times.is_key) and not (is_video and times.is_key[first]):
                yield place


def _packets_of(units: Units, place: int, times: StreamTimes) -> list[int]:
    """Return the bytes at which packets in a unit begin, or the one that goes on in it."""
    first, stop = times.at(units.starts[place]), times.at(units.lasts[place] + 1)
    found = times.positions[first if first < stop else max(first - 1, 0) : stop]
    return [int(position) for position in found]
