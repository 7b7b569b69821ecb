"""Input devices of Linux, read as the kernel gives them (linux/input.h).

A pedal that is a USB keyboard would type into whatever has the focus: it is grabbed, so that its
keys reach nobody else. Events carry the time at which the kernel saw them.
"""

from __future__ import annotations

import errno
import os
import re
import select
import struct
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Final

from recorder_core.capture.switch.contact import ContactChange
from recorder_core.errors import SourceLost, SourceNotFound

__all__ = ["INPUT_EVENT", "KEY_EVENT", "InputEvents", "open_input_device"]

#: struct input_event: seconds, microseconds, type, code, value
INPUT_EVENT: Final = struct.Struct("llHHi")
#: EV_KEY
KEY_EVENT: Final = 1
_RELEASED, _PRESSED = 0, 1
#: EVIOCGRAB and EVIOCSCLOCKID
GRAB: Final = 0x40044590
SET_CLOCK: Final = 0x400445A0
_EVENTS_AT_ONCE: Final = 64
_USB_ID: Final = re.compile(r"([0-9A-Fa-f]{4}):([0-9A-Fa-f]{4})")
_DEVICES: Final = Path("/sys/class/input")
_WHY_NOT: Final[Mapping[int | None, str]] = {
    errno.ENOENT: "is not there: plug it in, or name another one",
    errno.EACCES: "may not be opened: add the user who records to the group input",
    errno.EBUSY: "is used by another program: close that, or name another one",
}


class InputEvents:
    """Keys of one device, of which each of its interfaces is a file.

    Parameters
    ----------
    files : sequence of int
        Open for reading, not blocking.
    key_code : int or None
        The only key that counts; None: every key does.
    """

    def __init__(self, files: Sequence[int], key_code: int | None = None) -> None:
        self._files = files
        self._key_code = key_code

    def wait(self, timeout_seconds: float) -> list[ContactChange]:
        """Return what was pressed and released, in order; repetitions of a held key are left out.

        Raises
        ------
        SourceLost
            If the device is gone.
        """
        ready, _, _ = select.select(self._files, [], [], timeout_seconds)
        changes = [change for file in ready for change in self._read(file)]
        return sorted(changes, key=lambda change: change.seconds)

    def _read(self, file: int) -> list[ContactChange]:
        try:
            content = os.read(file, _EVENTS_AT_ONCE * INPUT_EVENT.size)
        except BlockingIOError:
            return []
        except OSError as error:
            raise _lost() from error
        if not content:
            raise _lost()
        whole = len(content) - len(content) % INPUT_EVENT.size
        return [
            ContactChange(value == _PRESSED, seconds + microseconds / 1e6)
            for seconds, microseconds, kind, code, value in INPUT_EVENT.iter_unpack(content[:whole])
            if kind == KEY_EVENT
            and value in (_PRESSED, _RELEASED)
            and self._key_code in (None, code)
        ]


@contextmanager
def open_input_device(address: str, key_code: int | None) -> Iterator[InputEvents]:
    """Open an input device, so that its keys reach nobody else.

    Parameters
    ----------
    address : str
        Path, or vendor and product of a USB device, of which every interface is opened.
    key_code : int or None
        The only key that counts; None: every key does.

    Yields
    ------
    InputEvents
        Closed at the end.

    Raises
    ------
    SourceNotFound
        If it cannot be opened; the message says why.
    """
    if sys.platform != "linux":
        raise SourceNotFound(
            "input devices are read on Linux only: connect the foot switch to a line of a serial "
            "port, and set its kind to serial"
        )
    with ExitStack() as opened:
        try:
            files = [_open(path, opened) for path in _paths(address)]
        except OSError as error:
            why = _WHY_NOT.get(error.errno, "cannot be opened as an input device")
            raise SourceNotFound(f"the foot switch {address} {why}") from error
        yield InputEvents(files, key_code)


def _open(path: Path, opened: ExitStack) -> int:
    import fcntl  # not on every system

    file = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
    opened.callback(os.close, file)
    fcntl.ioctl(file, SET_CLOCK, struct.pack("i", time.CLOCK_MONOTONIC))
    fcntl.ioctl(file, GRAB, 1)
    return file


def _paths(address: str, devices: Path = _DEVICES) -> list[Path]:
    """Return the files of a device; OSError if there is none."""
    match = _USB_ID.fullmatch(address)
    if match is None:
        return [Path(address)]
    found = [
        Path("/dev/input") / entry.name
        for entry in sorted(devices.glob("event*"))
        if _id_of(entry) == (match[1].lower(), match[2].lower())
    ]
    if not found:
        raise FileNotFoundError(errno.ENOENT, "no device of this vendor and product", address)
    return found


def _id_of(entry: Path) -> tuple[str, ...]:
    files = (entry / "device" / "id" / name for name in ("vendor", "product"))
    return tuple(file.read_text().strip() if file.is_file() else "" for file in files)


def _lost() -> SourceLost:
    return SourceLost("the foot switch was unplugged: plug it in again")
