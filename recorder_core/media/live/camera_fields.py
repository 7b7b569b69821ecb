"""Whether a camera of Video4Linux gives fields, as its driver says; FFmpeg does not."""

from __future__ import annotations

import os
import struct
import sys
from collections.abc import Mapping
from typing import Final

from recorder_core.media.live.deinterlacing import FieldOrder

__all__ = ["field_order", "read_field_order"]

#: VIDIOC_G_FMT and its struct v4l2_format: kind, width, height, pixel format, field
_GET_FORMAT: Final = 0xC0D05604
_FORMAT: Final = struct.Struct("=I4xIIII184x")
_VIDEO_CAPTURE: Final = 1
#: V4L2_FIELD_INTERLACED, whose order is that of the standard; ..._TB and ..._BT say it
_INTERLACED: Final = 4
_ORDERS: Final[Mapping[int, FieldOrder]] = {8: "top", 9: "bottom"}
#: lines of the standards whose bottom field is earlier: 525-line systems
_BOTTOM_FIRST: Final = (480, 486)


def field_order(address: str) -> FieldOrder | None:
    """Return which field of a camera's frames is earlier; None where they are whole.

    Parameters
    ----------
    address : str
        Of a camera that is open; its format is that of who has opened it.
    """
    if sys.platform != "linux":
        return None
    import fcntl  # not on every system

    try:
        descriptor = os.open(address, os.O_RDWR | os.O_NONBLOCK)
    except OSError:
        return None
    try:
        return read_field_order(
            fcntl.ioctl(descriptor, _GET_FORMAT, _FORMAT.pack(_VIDEO_CAPTURE, 0, 0, 0, 0))
        )
    except OSError:
        return None
    finally:
        os.close(descriptor)


def read_field_order(answer: bytes) -> FieldOrder | None:
    """Return what a driver's answer says; None where frames are whole."""
    _, _, height, _, field = _FORMAT.unpack(answer)
    if field == _INTERLACED:
        return "bottom" if height in _BOTTOM_FIRST else "top"
    return _ORDERS.get(field)
