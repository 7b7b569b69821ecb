"""The packets of a transport stream, block by block, and which of them repeat the one before.

A recorder may send each packet once more, with the same counter; only the clock reference in
it may differ (ISO/IEC 13818-1, 2.4.3.3). FFmpeg takes such a packet for a loss and its bytes
for more of the stream, so that it gets a file in which they are null packets instead.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import BinaryIO, Final, TypeAlias

import numpy as np
from numpy.typing import NDArray

from recorder_core.media.files.media_file import MediaFile
from recorder_core.model.values.carriers import carrier_repr

__all__ = [
    "NULL_PID",
    "PACKET_BYTES",
    "PacketBlock",
    "packet_blocks",
    "packet_pids",
    "without_duplicates",
]

#: of packets that hold nothing
NULL_PID: Final = 0x1FFF
PACKET_BYTES: Final = 188
#: also with a time in front (M2TS), or a check behind
_STRIDES_BYTES: Final = (188, 192, 204)
_SYNC: Final = 0x47
#: packets in a row that begin with the sync byte are no chance
_SYNC_PACKETS: Final = 5
_BLOCK_PACKETS: Final = 1 << 16
#: of the header: the flag of an adaptation field, and of a payload
_HAS_FIELD, _HAS_PAYLOAD = 0x20, 0x10
_HAS_PCR: Final = 0x10
_PCR_COLUMNS: Final = slice(6, 12)
#: what makes a packet a null packet, from its second byte on
_NULL_HEADER: Final = (0x1F, 0xFF)
_Bytes: TypeAlias = "NDArray[np.uint8]"
_Numbers: TypeAlias = "NDArray[np.int64]"
_Flags: TypeAlias = "NDArray[np.bool_]"


@dataclass(frozen=True, slots=True)
class PacketBlock:
    """Packets that follow each other in a file; columns of one length."""

    __repr__ = carrier_repr

    #: (N, 188) uint8, from the sync byte on
    rows: _Bytes
    #: (N,) int64, byte of the file at which each has its sync byte
    offsets: _Numbers
    #: from packet to packet
    stride_bytes: int
    #: (N,) bool, it repeats the packet before it
    is_duplicate: _Flags
    #: bytes before the first are no packets
    follows_loss: bool

    @property
    def positions(self) -> _Numbers:
        """Where each begins, as FFmpeg counts."""
        return self.offsets + PACKET_BYTES - self.stride_bytes


def packet_pids(rows: _Bytes) -> _Numbers:
    """Return the PID of each packet, one a row."""
    head = rows[:, 1:3].astype(np.int64)
    return (head[:, 0] & 0x1F) << 8 | head[:, 1]


def packet_blocks(video: MediaFile) -> Iterator[PacketBlock]:
    """Yield the packets of a transport stream in order; none where it is no such file."""
    duplicates = _DuplicateFinder()
    with video.open() as file:
        offset, stride = _next_sync(file, 0, _STRIDES_BYTES)
        follows_loss = False
        while stride:
            file.seek(offset)
            data = np.frombuffer(file.read(stride * _BLOCK_PACKETS), np.uint8)
            rows = _rows(data, stride)
            if not len(rows):
                return
            is_packet = rows[:, 0] == _SYNC
            lost = np.flatnonzero(~is_packet[:-1] & ~is_packet[1:])
            stop = int(lost[0]) if len(lost) else len(rows)
            kept = np.flatnonzero(is_packet[:stop])
            if len(kept):
                own, offsets = rows[kept], offset + kept * stride
                yield PacketBlock(own, offsets, stride, duplicates.find(own), follows_loss)
            offset += stop * stride
            follows_loss = bool(len(lost))
            if follows_loss:
                offset, stride = _next_sync(file, offset, (stride,))


def _rows(data: _Bytes, stride: int) -> _Bytes:
    """Divide bytes into packets; of the last one what follows it may be missing."""
    count = (len(data) + stride - PACKET_BYTES) // stride
    data = np.pad(data, (0, max(count * stride - len(data), 0)))[: count * stride]
    return data.reshape(count, stride)[:, :PACKET_BYTES]


def _next_sync(file: BinaryIO, offset: int, strides: tuple[int, ...]) -> tuple[int, int]:
    """Return from where on packets begin, and how far they are apart; 0: nowhere."""
    while True:
        file.seek(offset)
        window = np.frombuffer(file.read(max(strides) * _BLOCK_PACKETS), np.uint8)
        for stride in strides:
            begins = len(window) - stride * (_SYNC_PACKETS - 1)
            if begins <= 0:
                continue
            is_sync = np.ones(begins, np.bool_)
            for place in range(_SYNC_PACKETS):
                is_sync &= window[place * stride :][:begins] == _SYNC
            if is_sync.any():
                return offset + int(is_sync.argmax()), stride
        if len(window) < max(strides) * _BLOCK_PACKETS:
            return offset, 0
        offset += len(window) - max(strides) * _SYNC_PACKETS


class _DuplicateFinder:
    """Compares each packet with the one before of its PID, from block to block."""

    def __init__(self) -> None:
        #: the last packet of each PID, and whether it is equal to the one before it
        self._rows: dict[int, _Bytes] = {}
        self._is_equal: dict[int, bool] = {}

    def find(self, rows: _Bytes) -> _Flags:
        """Return which packets, one a row, are a second one."""
        pids = packet_pids(rows)
        order = np.argsort(pids, kind="stable")
        own, is_first = pids[order], np.ones(len(rows), np.bool_)
        is_first[1:] = own[1:] != own[:-1]
        is_equal = self._equal(rows, order, is_first, own)
        was_equal = np.append(False, is_equal[:-1])
        firsts = np.flatnonzero(is_first)
        was_equal[firsts] = [self._is_equal.get(int(pid), False) for pid in own[firsts]]
        for last in np.append(firsts[1:], len(rows)) - 1:
            pid = int(own[last])
            self._rows[pid] = rows[order[last]].copy()
            self._is_equal[pid] = bool(is_equal[last])
        found = np.zeros(len(rows), np.bool_)
        # two, and only two: a third one is none
        found[order] = is_equal & ~was_equal
        return found

    def _equal(self, rows: _Bytes, order: _Numbers, is_first: _Flags, pids: _Numbers) -> _Flags:
        """Return which packets, PID by PID, are equal to the one before."""
        headers = rows[order, 3]
        may_be = (headers & _HAS_PAYLOAD > 0) & (pids != NULL_PID)
        is_equal = np.append(False, headers[1:] == headers[:-1]) & may_be & ~is_first
        places = np.flatnonzero(is_equal)
        is_equal[places] = _are_equal(rows[order[places]], rows[order[places - 1]])
        for place in np.flatnonzero(is_first & may_be):
            before = self._rows.get(int(pids[place]))
            if before is not None:
                is_equal[place] = _are_equal(rows[order[place]][None].copy(), before[None])[0]
        result: _Flags = is_equal
        return result


def _are_equal(rows: _Bytes, others: _Bytes) -> _Flags:
    """Return which packets have the same bytes but for the clock reference."""
    has_pcr = (rows[:, 3] & _HAS_FIELD > 0) & (rows[:, 4] > 0) & (rows[:, 5] & _HAS_PCR > 0)
    is_same = rows == others
    is_same[has_pcr, _PCR_COLUMNS] = True
    result: _Flags = is_same.all(axis=1)
    return result


def without_duplicates(video: MediaFile) -> _WithoutDuplicates | None:
    """Return a transport stream in which null packets stand for those that repeat another.

    The file is read once, and again after a change.

    Returns
    -------
    file object or None
        None where no packet repeats another.
    """
    version = video.version()
    if video.repeated_packets is None or video.repeated_packets[0] != version:
        found = [block.offsets[block.is_duplicate] for block in packet_blocks(video)]
        video.repeated_packets = version, np.concatenate([np.empty(0, np.int64), *found])
    offsets = video.repeated_packets[1]
    return _WithoutDuplicates(video, offsets) if len(offsets) else None


class _WithoutDuplicates:
    """A file object; `offsets`: (N,) int64, of the packets that become null packets."""

    def __init__(self, video: MediaFile, offsets: _Numbers) -> None:
        self._file = video.open()
        self._offsets = offsets

    def __del__(self) -> None:
        # PyAV keeps the object as long as the container, and closes none
        self._file.close()

    def read(self, size: int = -1, /) -> bytes:
        """Return bytes from the position on."""
        start = self._file.tell()
        data = self._file.read(size)
        # a packet whose header begins before the bytes may go on in them
        first, stop = np.searchsorted(self._offsets, (start - 2, start + len(data)))
        if first == stop:
            return data
        content = np.frombuffer(data, np.uint8).copy()
        for behind, value in enumerate(_NULL_HEADER, 1):
            places = self._offsets[first:stop] + behind - start
            content[places[(places >= 0) & (places < len(content))]] = value
        return content.tobytes()

    def seek(self, offset: int, whence: int = 0, /) -> int:
        """Move the position."""
        return self._file.seek(offset, whence)

    def tell(self) -> int:
        """Return the position."""
        return self._file.tell()
