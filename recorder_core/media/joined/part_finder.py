"""Find the recordings that were joined in one file, and what of them is damaged."""

from __future__ import annotations

from array import array
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final

import numpy as np
from av.packet import Packet
from numpy.typing import NDArray

from recorder_core.media.container.source_clock import (
    BYTE_JOINED_CONTAINERS,
    CLOCK_HZ,
    CLOCK_WRAP,
    ClockPart,
    JoinedClock,
    packet_position,
    since,
)
from recorder_core.media.container.transport.stream import read_units
from recorder_core.media.files.media_file import MediaFile
from recorder_core.media.joined.transport_joints import StreamTimes, Wholeness, judge_units
from recorder_core.media.joined.whole_frame import is_frame_whole

__all__ = ["PartFinder"]

#: times that go back by more, in the order of decoding, are of another part; those that go
#: ahead by more to a keyframe are too, of which the clock went on during a pause
_MAX_STEP: Final = CLOCK_HZ // 2
#: no recorder pauses for longer; a clock that jumps so far ahead is another one
_MAX_PAUSE: Final = 3600 * CLOCK_HZ
#: decoders that find out when the end of a frame is missing; that of HEVC does not
_SEEING_CODECS: Final = {"h264", "mpeg1video", "mpeg2video"}
#: so many keyframes before a frame, everything is there to decode it
_KEYS_BEFORE: Final = 2
#: parts of Matroska overlap by a frame or two; its unit is the millisecond
_MAX_OVERLAP_MS: Final = 500
#: columns of what is noted of each packet
_POSITION, _STREAM, _DTS, _PTS, _END, _KEY = range(6)


class PartFinder:
    """Finds the parts of a joined file from all packets of its video and audio.

    Parameters
    ----------
    video_index : int
        The stream of the video.
    container : str
        FFmpeg's name of the container.
    """

    def __init__(self, video_index: int, container: str) -> None:
        self._video_index = video_index
        self._may_overlap = container not in BYTE_JOINED_CONTAINERS
        #: position, stream, dts, pts and end of each packet, and whether decoding can start
        self._columns = tuple(array("q") for _ in range(6))
        self._positions: dict[int, int] = {}
        self._is_marked = False
        #: bytes of the file at which a recording begins, once the clock was asked for
        self.beginnings: tuple[int, ...] = ()

    def note(self, packet: Packet[Any]) -> None:
        """Read the next packet of the file."""
        self._is_marked |= packet.is_corrupt
        dts = packet.dts if packet.dts is not None else packet.pts
        if dts is None:
            return
        pts = packet.pts if packet.pts is not None else dts
        place = packet_position(packet, self._positions)
        is_key = packet.is_keyframe and packet.stream_index == self._video_index
        end = pts + (packet.duration or 0)
        row = (place, packet.stream_index, dts, pts, end, int(is_key))
        for column, value in zip(self._columns, row, strict=True):
            column.append(value)

    def clock(self, video: MediaFile, pids: Mapping[int, int], codec: str) -> JoinedClock | None:
        """Return the clock of a file with more than one part, with damage, or begun before a wrap.

        None for any other. FFmpeg counts what comes before a wrap of the clock below zero, where
        an MP4 file would hide it.

        Parameters
        ----------
        video : MediaFile
        pids : mapping of int to int
            Of a transport stream: PID -> stream, of its video and audio. Empty for others.
        codec : str
            Of the video.
        """
        rows = self._rows_by_position()
        units = read_units(video) if pids else {}
        whole = Wholeness()
        if units and len(rows):
            times = _times(rows)
            is_whole = None
            if codec not in _SEEING_CODECS and self._video_index in times:
                is_whole = self._whole_frames(video, codec, times[self._video_index])
            whole = judge_units(units, pids, times, self._video_index, is_whole)
        if self._may_overlap:
            joints = _overlaps(rows, self._video_index)
        else:
            joints = _joints(rows, whole.joints)
        self.beginnings = (*whole.joints, *rows[joints, _POSITION].tolist())
        stretches = np.split(rows, joints)
        is_negative = not self._may_overlap and bool((stretches[0][:, _DTS] < 0).any())
        if not (joints or whole.damaged or self._is_marked or is_negative):
            return None
        parts: list[ClockPart] = []
        stop_time = CLOCK_WRAP if is_negative else 0
        for stretch in stretches:
            part = _part(stretch, parts[-1] if parts else None, stop_time)
            parts.append(part)
            stop_time = max(part.time(int(end)) for end in stretch[:, _END])
        damaged = whole.damaged if units else None
        return JoinedClock(tuple(parts), damaged, seeks_times=self._may_overlap)

    def _rows_by_position(self) -> NDArray[np.int64]:
        """Return what is noted, a packet a row; column by column, so that it is copied once."""
        order = np.argsort(np.asarray(self._columns[_POSITION], np.int64), kind="stable")
        rows = np.empty((len(order), len(self._columns)), np.int64)
        for place, column in enumerate(self._columns):
            rows[:, place] = np.asarray(column, np.int64)[order]
        return rows

    def _whole_frames(
        self, video: MediaFile, codec: str, times: StreamTimes
    ) -> Callable[[int], bool]:
        """Return what says whether the last frame of a unit has its end."""
        keys = times.positions[times.is_key]

        def is_whole(position: int) -> bool:
            # frames that are shown before a keyframe may need the one before
            place = int(np.searchsorted(keys, position, side="right")) - _KEYS_BEFORE
            begin = int(keys[max(place, 0)]) if len(keys) else 0
            return is_frame_whole(
                video, self._video_index, codec, begin_position=begin, position=position
            )

        return is_whole


def _times(rows: NDArray[np.int64]) -> dict[int, StreamTimes]:
    streams = {int(stream): rows[rows[:, _STREAM] == stream] for stream in np.unique(rows[:, 1])}
    return {
        stream: StreamTimes(own[:, _POSITION], own[:, _DTS], own[:, _KEY] > 0)
        for stream, own in streams.items()
    }


def _joints(rows: NDArray[np.int64], beginnings: Sequence[int]) -> list[int]:
    """Return the row at which each part but the first begins.

    Where a recording is known to begin, it needs a clock of its own only if the time stands
    still or goes back there.
    """
    candidates: list[tuple[int, int]] = []
    for stream in np.unique(rows[:, _STREAM]):
        places = np.flatnonzero(rows[:, _STREAM] == stream)
        steps = (np.diff(rows[places, _DTS]) + CLOCK_WRAP // 2) % CLOCK_WRAP - CLOCK_WRAP // 2
        is_pause = (steps > _MAX_STEP) & (rows[places[1:], _KEY] > 0)
        jumps = np.flatnonzero((steps < -_MAX_STEP) | (steps > _MAX_PAUSE) | is_pause)
        candidates += zip(places[jumps + 1].tolist(), places[jumps].tolist(), strict=True)
        firsts = np.searchsorted(rows[places, _POSITION], beginnings)
        is_inside = (firsts > 0) & (firsts < len(places))
        goes_back = is_inside & (np.append(steps, 1)[firsts - 1] <= 0)
        starts = np.searchsorted(rows[:, _POSITION], np.asarray(beginnings)[goes_back])
        candidates += zip(starts.tolist(), (starts - 1).tolist(), strict=True)
    joints: list[int] = []
    for place, before in sorted(candidates):
        # other streams come to the same joint a little later
        if not joints or before >= joints[-1]:
            joints.append(place)
    return joints


def _overlaps(rows: NDArray[np.int64], video_index: int) -> list[int]:
    """Return the row of each keyframe that is shown no later than what is decoded before it.

    Within one recording that cannot be: what refers to nothing before is shown after it.
    """
    places = np.flatnonzero(rows[:, _STREAM] == video_index)
    pts = rows[places, _PTS]
    latest = np.maximum.accumulate(pts[:-1])
    # where the clock of a part starts anew, it also has headers of its own
    back = latest - pts[1:]
    is_overlap = (back >= 0) & (back <= _MAX_OVERLAP_MS) & (rows[places[1:], _KEY] > 0)
    return [int(place) for place in places[1:][is_overlap]]


def _part(rows: NDArray[np.int64], before: ClockPart | None, stop_time: int) -> ClockPart:
    """Return a part that goes on where the one before stopped, or after a pause of its clock.

    The times of the first part are what it states, after `stop_time`.
    """
    position, first = int(rows[0, _POSITION]), int(rows[0, _DTS])
    if before is None:
        return ClockPart(position, first, stop_time + first)
    earliest = min(since(int(pts), first) for pts in rows[:, _PTS])
    paused = before.time(first) + earliest - stop_time
    return ClockPart(position, first, stop_time - earliest + (paused if _is_pause(paused) else 0))


def _is_pause(units: int) -> bool:
    return 0 < units <= _MAX_PAUSE
