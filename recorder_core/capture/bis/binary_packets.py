"""Packets of the binary protocol: found by length and checksum, and made for the host's requests.

All numbers are little-endian. The two bytes that begin a packet may also stand inside of one, so
that a packet is one only if its lengths fit each other and its checksum fits its bytes.
"""

from __future__ import annotations

import struct
from dataclasses import dataclass
from typing import Final

from recorder_core.capture.bis.records import BisNotice
from recorder_core.capture.bis.stamped_bytes import StampedBytes

__all__ = ["Packet", "PacketReader", "make_packet"]

START: Final = b"\xba\xab"
#: sequence, length of what follows the directive, directive, routing id, message id, message
#: sequence, length of the data
_HEADER: Final = struct.Struct("<2xHHHIIHH")
_CHECKSUM: Final = struct.Struct("<H")
#: between the two lengths lie routing id, message id and sequence, and the second length itself
_LENGTHS_APART: Final = 12
_DATA, _ACK, _NAK = 1, 2, 3
_ROUTING_IDS: Final = frozenset({4, 5, 6})
#: the longest message that is known has 400 bytes
_MAX_DATA_BYTES: Final = 1024
#: what cannot be read is handed on in pieces of this size at most
_MAX_SKIPPED_BYTES: Final = 4096


@dataclass(frozen=True, slots=True)
class Packet:
    """A packet whose checksum fits.

    Attributes
    ----------
    seconds : float
        When its first byte arrived.
    message_id : int
        What its data are.
    data : bytes
        Of the message.
    raw : bytes
        All of it.
    """

    seconds: float
    message_id: int
    data: bytes
    raw: bytes


def make_packet(routing_id: int, message_id: int, data: bytes = b"") -> bytes:
    """Return a packet from the host to the monitor."""
    header = _HEADER.pack(
        0, len(data) + _LENGTHS_APART, _DATA, routing_id, message_id, 0, len(data)
    )
    body = header[len(START) :] + data
    return START + body + _CHECKSUM.pack(_sum(body))


class PacketReader:
    """Finds packets in a stream of bytes, piece by piece."""

    def __init__(self) -> None:
        self._waiting = StampedBytes()
        self._skipped = bytearray()
        self._skipped_seconds = 0.0
        self._is_first = True

    def feed(self, data: bytes, seconds: float) -> list[Packet | BisNotice]:
        """Return the packets that are complete now, and what lay between them.

        Parameters
        ----------
        data : bytes
            Any number of them.
        seconds : float
            When they arrived.
        """
        self._waiting.append(data, seconds)
        found: list[Packet | BisNotice] = []
        while (size := self._size_of_next(found)) > 0:
            found += self._take_skipped()
            start = self._waiting.seconds_at(0)
            raw = self._waiting.drop(size)
            _, _, directive, _, message_id, _, _ = _HEADER.unpack_from(raw)
            if directive == _DATA:
                found.append(Packet(start, message_id, raw[_HEADER.size : -_CHECKSUM.size], raw))
            else:
                found.append(BisNotice(start, "other", raw))
        return found

    def restart(self) -> None:
        """Forget what waits: what arrives next does not follow it."""
        self._waiting.clear()
        self._skipped.clear()
        self._is_first = True

    def _size_of_next(self, found: list[Packet | BisNotice]) -> int:
        """Return the size of the packet that waits, skipping what is none; 0: none is complete."""
        content = self._waiting.content
        while True:
            place = content.find(START)
            if place < 0:
                # the last byte may begin a packet
                self._skip(len(content) - content.endswith(START[:1]), found)
                return 0
            self._skip(place, found)
            size = _packet_size(content)
            if size == 0 or size > len(content):
                return 0
            if size > 0 and _is_sound(content[:size]):
                return size
            self._skip(1, found)

    def _skip(self, count: int, found: list[Packet | BisNotice]) -> None:
        while count > 0:
            if not self._skipped:
                self._skipped_seconds = self._waiting.seconds_at(0)
            taken = self._waiting.drop(min(count, _MAX_SKIPPED_BYTES - len(self._skipped)))
            self._skipped += taken
            count -= len(taken)
            if len(self._skipped) == _MAX_SKIPPED_BYTES:
                found += self._take_skipped()

    def _take_skipped(self) -> list[BisNotice]:
        was_first, self._is_first = self._is_first, False
        if not self._skipped:
            return []
        raw = bytes(self._skipped)
        self._skipped.clear()
        is_fragment = was_first and len(raw) <= _MAX_DATA_BYTES
        return [BisNotice(self._skipped_seconds, "fragment" if is_fragment else "unreadable", raw)]


def _packet_size(content: bytearray) -> int:
    """Return the size that the bytes of a header say; 0: it is not whole; -1: it is none."""
    if len(content) < _HEADER.size:
        return 0
    _, length, directive, routing_id, _, _, data_bytes = _HEADER.unpack_from(content)
    is_header = (
        length == data_bytes + _LENGTHS_APART
        and data_bytes <= _MAX_DATA_BYTES
        and directive in (_DATA, _ACK, _NAK)
        and (routing_id in _ROUTING_IDS or directive != _DATA)
    )
    return _HEADER.size + data_bytes + _CHECKSUM.size if is_header else -1


def _is_sound(packet: bytearray) -> bool:
    body = packet[len(START) : -_CHECKSUM.size]
    return bool(_CHECKSUM.unpack_from(packet, len(packet) - _CHECKSUM.size)[0] == _sum(body))


def _sum(body: bytes | bytearray) -> int:
    return sum(body) & 0xFFFF
