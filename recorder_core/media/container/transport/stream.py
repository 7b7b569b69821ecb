"""What the packets of a transport stream say about its wholeness (ISO/IEC 13818-1, 2.4.3).

FFmpeg marks a break of a packet counter, but one access unit too early, and not for audio;
and it takes the beginning of another recording for one. Here each unit (a PES packet, or a
table) is listed with what is known of its end, so that both can be told apart.
"""

from __future__ import annotations

from array import array
from dataclasses import dataclass, field
from typing import Any, Final, TypeAlias

import numpy as np
from numpy.typing import NDArray

from recorder_core.media.container.transport.packets import (
    NULL_PID,
    PACKET_BYTES,
    packet_blocks,
    packet_pids,
)
from recorder_core.media.files.media_file import MediaFile

__all__ = ["TABLE_PID", "UnitEnd", "Units", "read_units"]

#: of the program association table, with which every recording begins
TABLE_PID: Final = 0
_PES_HEADER_BYTES: Final = 6
_PCR_BYTES, _FLAG_BYTES = 6, 1
_Bytes: TypeAlias = "NDArray[np.uint8]"
_Numbers: TypeAlias = "NDArray[np.int64]"


class UnitEnd:
    """What is known of a unit's end."""

    #: it has its stated length, or stuffing as only the last packet of a unit has
    WHOLE: Final = 0
    #: its length is not stated, and its last packet is full
    UNKNOWN: Final = 1
    #: it has another length than is stated
    CUT: Final = 2


@dataclass(slots=True)
class Units:
    """The units of one PID, in the order of the file; columns of one length."""

    #: byte of the first packet and of the last, as FFmpeg counts
    starts: array[int] = field(default_factory=lambda: array("q"))
    lasts: array[int] = field(default_factory=lambda: array("q"))
    #: counter of the first packet
    first_counts: array[int] = field(default_factory=lambda: array("b"))
    #: the counter breaks at the first packet
    breaks_before: array[int] = field(default_factory=lambda: array("b"))
    #: the counter breaks, or a packet is marked as faulty, after the first
    breaks_within: array[int] = field(default_factory=lambda: array("b"))
    #: one of `UnitEnd`
    ends: array[int] = field(default_factory=lambda: array("b"))
    #: they are PES packets, not tables
    is_pes: bool = False
    #: of the last unit: bytes that are stated (0: none) and were found
    _stated_bytes: int = 0
    _found_bytes: int = 0
    _count: int | None = None

    def add(self, packets: _Packets) -> None:
        """Add the next packets of the PID."""
        breaks = packets.breaks(self._count)
        self._count = int(packets.counts[-1])
        begins = np.flatnonzero(packets.is_start)
        continued = int(begins[0]) if len(begins) else len(breaks)
        breaks_within = packets.is_faulty | (breaks & ~packets.is_start)
        if continued and self.starts:
            self.lasts[-1] = int(packets.positions[continued - 1])
            self.breaks_within[-1] |= int(breaks_within[:continued].any())
            self._found_bytes += int(packets.payload_bytes[:continued].sum())
            is_stuffed = bool(packets.is_stuffed[continued - 1])
            self.ends[-1] = int(_end(self._stated_bytes, self._found_bytes, is_stuffed))
        if not len(begins):
            return
        stops = np.append(begins[1:], len(breaks)) - 1
        stated = packets.stated_bytes[begins]
        lengths_bytes = np.add.reduceat(packets.payload_bytes, begins)
        self.is_pes |= bool((stated >= 0).any())
        self.starts.extend(packets.positions[begins].tolist())
        self.lasts.extend(packets.positions[stops].tolist())
        self.first_counts.extend(packets.counts[begins].tolist())
        self.breaks_before.extend(breaks[begins].tolist())
        self.breaks_within.extend(np.logical_or.reduceat(breaks_within, begins).tolist())
        self.ends.extend(_end(stated, lengths_bytes, packets.is_stuffed[stops]).tolist())
        self._stated_bytes, self._found_bytes = int(stated[-1]), int(lengths_bytes[-1])

    def lose(self) -> None:
        """Count bytes that are no packets."""
        if self.starts:
            self.breaks_within[-1] = 1


def _end(stated_bytes: Any, found_bytes: Any, is_stuffed: Any) -> NDArray[np.int64]:
    unstated = np.where(is_stuffed, UnitEnd.WHOLE, UnitEnd.UNKNOWN)
    stated = np.where(np.equal(stated_bytes, found_bytes), UnitEnd.WHOLE, UnitEnd.CUT)
    is_table = np.less(stated_bytes, 0)
    return np.where(is_table, UnitEnd.WHOLE, np.where(np.equal(stated_bytes, 0), unstated, stated))


@dataclass(frozen=True, slots=True)
class _Packets:
    """Packets of one PID, or of all; columns of one length."""

    positions: _Numbers
    pids: _Numbers
    counts: _Numbers
    is_start: NDArray[np.bool_]
    has_payload: NDArray[np.bool_]
    #: the counter may begin anew
    is_restart: NDArray[np.bool_]
    is_faulty: NDArray[np.bool_]
    is_stuffed: NDArray[np.bool_]
    payload_bytes: _Numbers
    #: of PES packets, header included; 0: not stated; -1: no PES packet begins here
    stated_bytes: _Numbers

    @classmethod
    def of_rows(cls, rows: _Bytes, positions: _Numbers) -> _Packets:
        """Read the headers of packets, one a row, each from its sync byte on."""
        head = rows[:, :6].astype(np.int64)
        has_field = head[:, 3] & 0x20 > 0
        field_bytes = np.where(has_field, head[:, 4] + 1, 0)
        flags = np.where(field_bytes > 1, head[:, 5], 0)
        needed = 1 + _FLAG_BYTES + _PCR_BYTES * ((flags & 0x10 > 0) + (flags & 0x08 > 0))
        # what splice points and private data take is not counted: few muxers write them
        is_plain = flags & 0x07 == 0
        has_payload = head[:, 3] & 0x10 > 0
        payload_bytes = np.where(has_payload, PACKET_BYTES - 4 - field_bytes, 0)
        is_start = head[:, 1] & 0x40 > 0
        return cls(
            positions,
            packet_pids(rows),
            head[:, 3] & 0x0F,
            is_start,
            has_payload,
            flags & 0x80 > 0,
            head[:, 1] & 0x80 > 0,
            (field_bytes == 1) | (is_plain & (field_bytes > needed)),
            np.maximum(payload_bytes, 0),
            _stated_bytes(rows, is_start, 4 + field_bytes),
        )

    def of_pid(self, pid: int) -> _Packets:
        """Return the packets of one PID."""
        chosen = np.flatnonzero(self.pids == pid)
        return _Packets(*(getattr(self, name)[chosen] for name in self.__slots__))

    def breaks(self, count: int | None) -> NDArray[np.bool_]:
        """Return at which packets the counter does not go on from the one before."""
        before = int(self.counts[0]) - int(self.has_payload[0]) if count is None else count
        expected = np.append(before, self.counts[:-1]) + self.has_payload
        is_break: NDArray[np.bool_] = (expected - self.counts) % 16 != 0
        # tables that come twice
        is_break &= (self.pids != TABLE_PID) | ((expected - self.counts) % 16 != 1)
        return is_break & ~self.is_restart


def _stated_bytes(rows: _Bytes, is_start: NDArray[np.bool_], offsets: _Numbers) -> _Numbers:
    stated = np.full(len(rows), -1, np.int64)
    places = np.flatnonzero(is_start & (offsets + _PES_HEADER_BYTES <= PACKET_BYTES))
    columns = offsets[places, None] + np.arange(_PES_HEADER_BYTES)
    head = rows[places[:, None], columns].astype(np.int64)
    is_pes = (head[:, 0] == 0) & (head[:, 1] == 0) & (head[:, 2] == 1)
    length = head[:, 4] << 8 | head[:, 5]
    stated[places[is_pes]] = np.where(length > 0, length + _PES_HEADER_BYTES, 0)[is_pes]
    return stated


def read_units(video: MediaFile) -> dict[int, Units]:
    """List the units of each PID of a transport stream; none where it is no such file.

    Packets that repeat the one before count once, but for tables: those with which a recording
    begins may be the same as the last ones of the recording before. Memory grows with the number
    of units, not with their size.
    """
    found: dict[int, Units] = {}
    for block in packet_blocks(video):
        if block.follows_loss:
            for units in found.values():
                units.lose()
        kept = ~block.is_duplicate | (packet_pids(block.rows) == TABLE_PID)
        packets = _Packets.of_rows(block.rows[kept], block.positions[kept])
        for pid in np.unique(packets.pids).tolist():
            if pid != NULL_PID:
                found.setdefault(pid, Units()).add(packets.of_pid(pid))
    return found
