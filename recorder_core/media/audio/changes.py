"""Where an audio stream changes what it holds, as where recordings were joined byte by byte.

Frames of AAC (ADTS), MPEG audio and AC-3 say in their first bytes what they are (ISO/IEC
13818-7, 6.2; ISO/IEC 11172-3, 2.4.1; ETSI TS 102 366, 4.4 and annex E).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final, NamedTuple

from av.packet import Packet

__all__ = ["AudioChange", "AudioHeaders", "FrameHeader", "read_header"]

#: a damaged packet may look like another codec's; so many one after the other do not
_CONFIRMED_PACKETS: Final = 3
_HEADER_BYTES: Final = 6
_LAYERS: Final = {3: "mp1", 2: "mp2", 1: "mp3"}
_CODECS: Final = {"aac", "ac3", "eac3", *_LAYERS.values()}
_MONO_MODE: Final = 3
#: bsid from which a frame is E-AC-3
_FIRST_ENHANCED: Final = 11


class FrameHeader(NamedTuple):
    """What the first bytes of a frame say; numbers are codes of the format."""

    codec: str
    rate: int = 0
    #: -1 where decoders find it out in each frame
    channels: int = -1


@dataclass(frozen=True, slots=True)
class AudioChange:
    """The first place at which a stream holds something else."""

    stream_index: int
    #: in the clock of the source's index
    seconds: float
    before: FrameHeader
    after: FrameHeader

    @property
    def is_codec(self) -> bool:
        """Whether no decoder of the stream takes what follows."""
        return self.before.codec != self.after.codec


def read_header(content: bytes) -> FrameHeader | None:
    """Return what a packet's first bytes say, None where they are of none of these codecs."""
    if len(content) < _HEADER_BYTES:
        return None
    first, second, third, fourth, fifth, sixth = content[:_HEADER_BYTES]
    if (first, second) == (0x0B, 0x77):
        enhanced = sixth >> 3 >= _FIRST_ENHANCED
        return FrameHeader("eac3") if enhanced else FrameHeader("ac3", fifth >> 6)
    if first != 0xFF or second & 0xE0 != 0xE0:
        return None
    if second & 0xF6 == 0xF0:
        return FrameHeader("aac", third >> 2 & 15, (third & 1) << 2 | fourth >> 6)
    layer = _LAYERS.get(second >> 1 & 3)
    if layer is None:
        return None
    version = second >> 3 & 3
    return FrameHeader(layer, version << 2 | third >> 2 & 3, int(fourth >> 6 == _MONO_MODE))


class AudioHeaders:
    """Finds the first change in each stream of audio, from all of its packets.

    Parameters
    ----------
    codecs : mapping of int to str
        FFmpeg's name of the codec of each stream; those that are none of these are left alone.
    """

    def __init__(self, codecs: Mapping[int, str]) -> None:
        self._codecs = {index: name for index, name in codecs.items() if name in _CODECS}
        self._usual: dict[int, FrameHeader] = {}
        #: how many packets one after the other hold something else, and since when
        self._other: dict[int, tuple[FrameHeader, int, float]] = {}
        self._found: dict[int, AudioChange] = {}

    @property
    def changes(self) -> tuple[AudioChange, ...]:
        """The first change of each stream that has one."""
        return tuple(self._found[index] for index in sorted(self._found))

    def note(self, packet: Packet[Any]) -> None:
        """Read the header of the next packet of any stream of audio."""
        index = packet.stream_index
        if index in self._found or index not in self._codecs:
            return
        header = read_header(memoryview(packet)[:_HEADER_BYTES].tobytes())
        usual = self._usual.get(index)
        if usual is None:
            if header is not None and header.codec == self._codecs[index]:
                self._usual[index] = header
        elif header is None or header == usual:
            self._other.pop(index, None)
        else:
            self._count(packet, usual, header)

    def _count(self, packet: Packet[Any], usual: FrameHeader, header: FrameHeader) -> None:
        index = packet.stream_index
        seconds = float((packet.pts or 0) * (packet.time_base or 0))
        before = self._other.get(index, (header, 0, seconds))
        if before[0] != header:
            before = (header, 0, seconds)
        self._other[index] = (header, before[1] + 1, before[2])
        if before[1] + 1 >= _CONFIRMED_PACKETS:
            self._found[index] = AudioChange(index, before[2], usual, header)
