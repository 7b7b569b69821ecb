"""Find the frame at which a picture of H.264 that is sent anew bit by bit is whole again.

Encoders of low delay send no keyframes after the first: each frame brings a stripe of new picture.
Where a round of stripes begins, a message says after how many reference frames all of the picture
was sent (H.264, D.2.8). FFmpeg calls the frame with the message a keyframe.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, Final

import numpy as np
from av.packet import Packet
from numpy.typing import NDArray

__all__ = ["RefreshFinder", "first_whole_pts"]

#: a refresh that the file ends in is whole after every frame
_NEVER: Final = 2**63 - 1
_START_CODE: Final = b"\x00\x00\x01"
_ESCAPED, _UNESCAPED = b"\x00\x00\x03", b"\x00\x00"
#: messages come before the picture, and are short
_LOOKED_AT_BYTES: Final = 1 << 16
#: types of units, the low five bits of the first byte (H.264, table 7-1)
_PICTURE, _IDR_PICTURE, _MESSAGES = 1, 5, 6
_TYPE_MASK: Final = 0x1F
#: of the first byte of a picture: not 0 where other frames refer to it
_REFERENCE_MASK: Final = 0x60
_RECOVERY_POINT: Final = 6
_CONTINUED: Final = 0xFF


class RefreshFinder:
    """Reads the packets of a video in order and notes each refresh.

    Parameters
    ----------
    codec : str
        FFmpeg's name of its codec; nothing is found in another than H.264.
    length_bytes : int
        Of the length before each unit, 0 where there is none.
    """

    def __init__(self, codec: str = "", length_bytes: int = 0) -> None:
        self._is_h264, self._length_bytes = codec == "h264", length_bytes
        #: keyframe -> reference frames that are still to come
        self._to_come: dict[int, int] = {}
        #: pts of a keyframe with which a refresh begins -> pts from which frames are whole
        self.whole_pts: dict[int, int] = {}

    def note(self, packet: Packet[Any]) -> None:
        """Read the next packet that holds something."""
        if not self._is_h264 or packet.pts is None:
            return
        if self._to_come:
            self._count(packet)
        frames = self._frames_to_refresh(packet) if packet.is_keyframe else 0
        if frames:
            self._to_come[packet.pts] = frames
            self.whole_pts[packet.pts] = _NEVER

    def _count(self, packet: Packet[Any]) -> None:
        """Count a reference frame; one whose picture is not found counts for none."""
        pictures = (each[0] for each in self._units(packet) if each[0] & _TYPE_MASK == _PICTURE)
        if not next(pictures, 0) & _REFERENCE_MASK:
            return
        for keyframe, frames in list(self._to_come.items()):
            self._to_come[keyframe] = frames - 1
            if frames == 1:
                self.whole_pts[keyframe] = int(packet.pts or 0)
                del self._to_come[keyframe]

    def _frames_to_refresh(self, packet: Packet[Any]) -> int:
        for unit in self._units(packet):
            kind = unit[0] & _TYPE_MASK
            if kind in (_PICTURE, _IDR_PICTURE):
                return 0
            frames = _recovery_frames(unit) if kind == _MESSAGES else None
            if frames is not None:
                return frames
        return 0

    def _units(self, packet: Packet[Any]) -> Iterator[bytes]:
        """Yield the units of a packet, the last one perhaps not to its end; none is empty."""
        data = bytes(memoryview(packet)[:_LOOKED_AT_BYTES])
        if not self._length_bytes or data.startswith((_START_CODE, b"\x00" + _START_CODE)):
            yield from filter(None, data.split(_START_CODE)[1:])
            return
        place = 0
        while place + self._length_bytes < len(data):
            begin = place + self._length_bytes
            place = begin + int.from_bytes(data[place:begin], "big")
            if place > begin:
                yield data[begin:place]


def first_whole_pts(keyframe_pts: NDArray[np.int64], refreshed_pts: Mapping[int, int]) -> int:
    """Return the pts from which frames need none before some keyframes; after all if there is none.

    Parameters
    ----------
    keyframe_pts : ndarray of int64, shape (K,)
        Rising.
    refreshed_pts : mapping of int to int
        From `RefreshFinder`; after the other keyframes frames are whole at once.
    """
    first = _NEVER
    for keyframe in keyframe_pts:
        if keyframe >= first:
            break
        first = min(first, refreshed_pts.get(int(keyframe), int(keyframe)))
    return first


def _recovery_frames(unit: bytes) -> int | None:
    """Return what the recovery point of a unit of messages says; None where it has none."""
    data = iter(unit[1:].replace(_ESCAPED, _UNESCAPED))
    while True:
        kind, size = _number(data), _number(data)
        content = bytes(byte for _, byte in zip(range(size), data, strict=False))
        if kind == _RECOVERY_POINT and content:
            return _exp_golomb(content)
        if not content:
            return None


def _number(data: Iterator[int]) -> int:
    total = 0
    for byte in data:
        total += byte
        if byte != _CONTINUED:
            break
    return total


def _exp_golomb(content: bytes) -> int:
    """Return the number that some bytes begin with (H.264, 9.1)."""
    bits = "".join(f"{byte:08b}" for byte in content)
    zeros = len(bits) - len(bits.lstrip("0"))
    return int(bits[zeros : 2 * zeros + 1] or "1", 2) - 1
