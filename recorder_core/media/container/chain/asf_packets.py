"""Walk through the data packets of an ASF file (WMV), all of one size, and what they carry.

References
----------
.. [1] Microsoft, Advanced Systems Format specification, revision 01.20.06, sections 3.2 (file
   properties object), 5.1 (data object) and 5.2 (data packets).
"""

from __future__ import annotations

import struct
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final
from uuid import UUID

from recorder_core.media.container.chain.block_reader import BlockReader
from recorder_core.media.container.chain.walk import Walk

__all__ = ["walk_asf"]

_DATA: Final = UUID("75b22636-668e-11cf-a6d9-00aa0062ce6c").bytes_le
_PROPERTIES: Final = UUID("8cabdca1-a947-11cf-8ee4-00c00c205365").bytes_le
#: identifier of the object, its size, identifier of the file, number of packets, reserved
_DATA_OBJECT: Final = struct.Struct("<16sQ16sQ2x")
#: of the file properties object: the smallest packet and the largest
_SIZES: Final = struct.Struct("<92xII")
_MAX_HEADER_BYTES: Final = 1 << 20
_HAS_CORRECTION, _CORRECTION_BYTES = 0x80, 0x0F
_HAS_SEVERAL: Final = 1
#: with which every packet begins: what corrects errors, which programs fill with zeros
_BEGINNING_BYTES: Final = 3
#: by two bits of a type: how many bytes a number has
_NUMBER_BYTES: Final = (0, 1, 2, 4)
_STREAM_NUMBER_TYPE: Final = 1
_STREAM_MASK: Final = 0x7F
#: of a packet: when it is sent, and for how long
_TIMES_BYTES: Final = 6
#: of what is replicated in each payload of an object: its size and its time
_OBJECT_BYTES, _SIZE_BYTES = 8, 4
_COUNT_MASK: Final = 0x3F
#: of objects; most programs write one byte of it
_NUMBER_MASK: Final = 0xFF


class _NoPacketError(Exception):
    """Bytes are no data packet."""


@dataclass(frozen=True, slots=True)
class _Payload:
    """A part of a media object, such as a frame."""

    stream: int
    number: int
    #: of the object's bytes; its whole size, and how many of them are in this payload
    offset: int
    object_bytes: int
    size: int

    @property
    def end(self) -> int:
        """Where the next payload of the object begins in it."""
        return self.offset + self.size


def walk_asf(file: BlockReader) -> Walk:
    """Return where a packet is none, or what it carries does not go on from the one before."""
    found, objects = Walk(), _Objects()
    place, packet_bytes, stop, is_known = _data(file)
    beginning = file.at(place, _BEGINNING_BYTES)
    while packet_bytes and 0 <= place <= stop - packet_bytes:
        found.pieces += 1
        payloads = _payloads(file.at(place, packet_bytes))
        if payloads is None:
            following = _next_packet(file, place + 1, packet_bytes, stop, beginning)
            found.broken += [place] if following >= 0 or is_known else []
            place = following
            continue
        # every payload is to be noted
        if not all([objects.goes_on(payload) for payload in payloads]):
            found.broken.append(place)
        place += packet_bytes
    return found


def _next_packet(
    file: BlockReader, place: int, packet_bytes: int, stop: int, beginning: bytes
) -> int:
    """Return where the next packet begins that is the last or another one follows; -1: nowhere."""
    while (place := file.find(beginning, place)) >= 0:
        pair = (place, min(place + packet_bytes, stop - packet_bytes))
        if all(_payloads(file.at(each, packet_bytes)) is not None for each in pair):
            break
        place += 1
    return place


def _data(file: BlockReader) -> tuple[int, int, int, bool]:
    """Return where packets begin, how long each is (0: they differ), where they end, if known."""
    header = file.at(0, _MAX_HEADER_BYTES)
    size = int.from_bytes(header[16:24], "little")
    properties = header.find(_PROPERTIES)
    data = file.at(size, _DATA_OBJECT.size)
    if properties < 0 or len(header) < properties + _SIZES.size or not data.startswith(_DATA):
        return 0, 0, 0, False
    _, data_bytes, _, count = _DATA_OBJECT.unpack(data)
    smallest, largest = _SIZES.unpack_from(header, properties)
    first = size + _DATA_OBJECT.size
    # a broadcast that was recorded does not say how many there are
    is_known = count > 0 and data_bytes > _DATA_OBJECT.size
    packet_bytes = smallest if smallest == largest else 0
    said = min(size + data_bytes, first + count * packet_bytes) if is_known else file.size
    return first, packet_bytes, min(said, file.size), is_known


class _Numbers:
    """Numbers of a packet, one after another."""

    def __init__(self, content: bytes) -> None:
        self.content = content
        self.place = 0

    def number(self, size: int) -> int:
        """Return the next number of so many bytes."""
        self.place += size
        if self.place > len(self.content):
            raise _NoPacketError
        return int.from_bytes(self.content[self.place - size : self.place], "little")

    def of_type(self, bits: int) -> int:
        """Return the next number, of which two bits say how many bytes it has."""
        return self.number(_NUMBER_BYTES[bits & 3])


def _payloads(content: bytes) -> list[_Payload] | None:
    """Return what a packet carries; None: it is none."""
    try:
        return list(_read_payloads(content))
    except _NoPacketError:
        return None


def _read_payloads(content: bytes) -> Iterator[_Payload]:
    bits = _Numbers(content)
    flags = bits.number(1)
    if flags & _HAS_CORRECTION:
        bits.number(flags & _CORRECTION_BYTES)
        flags = bits.number(1)
    types = bits.number(1)
    if flags & _HAS_CORRECTION or types >> 6 != _STREAM_NUMBER_TYPE:
        raise _NoPacketError
    length = bits.of_type(flags >> 5) or len(content)
    bits.of_type(flags >> 1)
    padding = bits.of_type(flags >> 3)
    # padding is a part of the length, but not of that which GStreamer states
    stop = min(length, len(content)) - (padding if length + padding != len(content) else 0)
    bits.number(_TIMES_BYTES)
    several = bits.number(1) if flags & _HAS_SEVERAL else 0
    for _ in range(several & _COUNT_MASK if several else 1):
        yield _payload(bits, types, several >> 6, stop)


def _payload(bits: _Numbers, types: int, length_type: int, stop: int) -> _Payload:
    """Read the next payload; one that has no length of its own ends with the packet."""
    stream = bits.number(1) & _STREAM_MASK
    number, offset = bits.of_type(types >> 4), bits.of_type(types >> 2)
    replicated_bytes, object_bytes = bits.of_type(types), 0
    if replicated_bytes >= _OBJECT_BYTES:
        object_bytes = bits.number(_SIZE_BYTES)
        replicated_bytes -= _SIZE_BYTES
    bits.number(replicated_bytes)
    size = bits.of_type(length_type) if length_type else stop - bits.place
    if not stream or size < 0 or bits.place + size > stop:
        raise _NoPacketError
    bits.number(size)
    return _Payload(stream, number, offset, object_bytes, size)


class _Objects:
    """The last payload of each stream."""

    def __init__(self) -> None:
        self._last: dict[int, _Payload] = {}

    def goes_on(self, payload: _Payload) -> bool:
        """Return whether a payload goes on from the one before of its stream.

        Of what is compressed, several small objects in one payload, this is not known.
        """
        before = self._last.pop(payload.stream, None)
        if payload.object_bytes:
            self._last[payload.stream] = payload
        if before is None or not payload.object_bytes:
            return True
        if payload.offset:
            return (payload.number, payload.offset) == (before.number, before.end)
        is_next = (payload.number - before.number) & _NUMBER_MASK == 1
        return is_next and before.end == before.object_bytes
