"""Tell by the blocks of a frame of DV whether it is as it was written, without decoding it.

References
----------
.. [1] IEC 61834-2 and SMPTE ST 314, section 4: blocks of 80 bytes, of which the first three bits
   say their section; 150 of them, in one order, are a DIF sequence.
"""

from __future__ import annotations

from typing import Any, Final

import numpy as np
from av.packet import Packet

__all__ = ["DvBlocks"]

_BLOCK_BYTES, _SEQUENCE_BLOCKS = 80, 150
_SECTION_SHIFT: Final = 5
#: header, 2 of subcode, 3 of auxiliary data, then 9 times one of audio and 15 of video
_SECTIONS: Final = np.array([0, 1, 1, 2, 2, 2, *([3, *[4] * 15] * 9)])


class DvBlocks:
    """Looks at the frames of a video, if its first one has blocks in their order.

    Parameters
    ----------
    codec : str
        FFmpeg's name; of others, every frame is whole.
    """

    def __init__(self, codec: str) -> None:
        self._has_blocks: bool | None = None if codec == "dvvideo" else False

    def is_whole(self, packet: Packet[Any]) -> bool:
        """Return whether the next packet has its blocks in their order."""
        if self._has_blocks is None:
            self._has_blocks = _are_in_order(packet)
        return not self._has_blocks or _are_in_order(packet)


def _are_in_order(packet: Packet[Any]) -> bool:
    blocks = np.frombuffer(bytes(packet), np.uint8)[::_BLOCK_BYTES] >> _SECTION_SHIFT
    if packet.size % (_BLOCK_BYTES * _SEQUENCE_BLOCKS):
        return False
    return bool((blocks.reshape(-1, _SEQUENCE_BLOCKS) == _SECTIONS).all())
