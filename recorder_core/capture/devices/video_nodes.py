"""Cameras and capture boxes, by Video4Linux.

What a node can do is asked of its driver; layouts and numbers are those of Linux's videodev2.h.
"""

from __future__ import annotations

import fcntl
import os
import struct
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from typing import Final

from recorder_core.capture.devices.found import VideoFormat, VideoNode
from recorder_core.capture.devices.machine_files import MachineFiles

__all__ = ["Ask", "ask_driver", "list_video_nodes"]

#: asks a driver: a device's descriptor, a request, its bytes; returns the answer, or raises OSError
Ask = Callable[[int, int, bytes], bytes]

_QUERYCAP, _ENUM_FMT = 0x80685600, 0xC0405602
_ENUM_FRAMESIZES, _ENUM_FRAMEINTERVALS = 0xC02C564A, 0xC034564B
_CAPABILITY: Final = struct.Struct("=16s32s32sII I12x")
_FORMAT: Final = struct.Struct("=III32sI16x")
_SIZE: Final = struct.Struct("=IIIII24x")
_INTERVAL: Final = struct.Struct("=IIIIIII24x")
_CAPTURE, _DEVICE_CAPS = 0x1, 0x80000000
_VIDEO_CAPTURE: Final = 1
_DISCRETE: Final = 1
#: of a range only its largest size is listed: where that lies, after index, format and kind
_STEPWISE: Final = struct.Struct("=IIIIIIIII8x")
#: a driver that goes on for ever is stopped
_MAX_ENTRIES: Final = 256


def ask_driver(descriptor: int, request: int, content: bytes) -> bytes:
    """Return what a driver answers to a request.

    Raises
    ------
    OSError
        If it does not know it, or there is no more.
    """
    return fcntl.ioctl(descriptor, request, content)


def list_video_nodes(files: MachineFiles, ask: Ask = ask_driver) -> tuple[VideoNode, ...]:
    """Return the nodes that give frames; others, such as those of metadata, are left out.

    Parameters
    ----------
    files : MachineFiles
        Of the machine.
    ask : callable
        Asks a driver.
    """
    found = (_node(files, name, ask) for name in files.names("/sys/class/video4linux", r"video\d+"))
    return tuple(node for node in found if node is not None)


def _node(files: MachineFiles, name: str, ask: Ask) -> VideoNode | None:
    """Return a node, or None where it gives no frames."""
    address = f"/dev/{name}"
    can_open = files.can_open(address)
    formats: tuple[VideoFormat, ...] = ()
    if can_open:
        with suppress(OSError), _opened(files, address) as descriptor:
            if not _gives_frames(descriptor, ask):
                return None
            formats = tuple(_formats(descriptor, ask))
    return VideoNode(
        address=address,
        steady_address=files.steady_address(address, "/dev/v4l/by-id"),
        name=files.text(f"/sys/class/video4linux/{name}/name"),
        can_open=can_open,
        formats=formats,
    )


@contextmanager
def _opened(files: MachineFiles, address: str) -> Iterator[int]:
    """Open a device for as long as the block runs, and wait for nothing."""
    descriptor = os.open(files.path(address), os.O_RDWR | os.O_NONBLOCK)
    try:
        yield descriptor
    finally:
        os.close(descriptor)


def _gives_frames(descriptor: int, ask: Ask) -> bool:
    """Return whether a node gives frames; True where its driver does not say."""
    try:
        answer = ask(descriptor, _QUERYCAP, bytes(_CAPABILITY.size))
    except OSError:
        return True
    *_, whole, node = _CAPABILITY.unpack(answer)
    return bool((node if whole & _DEVICE_CAPS else whole) & _CAPTURE)


def _formats(descriptor: int, ask: Ask) -> Iterator[VideoFormat]:
    for index in range(_MAX_ENTRIES):
        request = _FORMAT.pack(index, _VIDEO_CAPTURE, 0, b"", 0)
        try:
            code = _FORMAT.unpack(ask(descriptor, _ENUM_FMT, request))[4]
        except OSError:
            return
        yield from _sizes(descriptor, ask, code)


def _sizes(descriptor: int, ask: Ask, code: int) -> Iterator[VideoFormat]:
    name = struct.pack("<I", code & 0x7FFFFFFF).decode("ascii", "replace").strip()
    for index in range(_MAX_ENTRIES):
        request = _SIZE.pack(index, code, 0, 0, 0)
        try:
            answer = ask(descriptor, _ENUM_FRAMESIZES, request)
        except OSError:
            return
        _, _, kind, width, height = _SIZE.unpack(answer)
        if kind != _DISCRETE:
            _, _, _, _, width, _, _, height, _ = _STEPWISE.unpack(answer)
        yield VideoFormat(name, width, height, tuple(_rates(descriptor, ask, code, width, height)))
        if kind != _DISCRETE:
            return


def _rates(descriptor: int, ask: Ask, code: int, width: int, height: int) -> Iterator[float]:
    """Yield the rates at which a camera gives frames of a size; of a range, the highest."""
    for index in range(_MAX_ENTRIES):
        request = _INTERVAL.pack(index, code, width, height, 0, 0, 0)
        try:
            answer = ask(descriptor, _ENUM_FRAMEINTERVALS, request)
        except OSError:
            return
        *_, kind, numerator, denominator = _INTERVAL.unpack(answer)
        if numerator:
            yield round(denominator / numerator, 3)
        if kind != _DISCRETE:
            return
