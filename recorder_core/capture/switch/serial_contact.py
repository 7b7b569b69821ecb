"""A contact between an output line of a serial port, which is set, and an input line."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Final

from recorder_core.capture.serial_port import SerialPort, open_serial_port
from recorder_core.capture.switch.contact import ContactChange

__all__ = ["SerialContact", "open_serial_contact"]

#: the line is looked at so often
_POLL_SECONDS: Final = 0.01
#: no byte is sent
_BAUD_RATE: Final = 9600


class SerialContact:
    """An input line of a serial port; how it is at first counts as open.

    Parameters
    ----------
    port : SerialPort
        Open; RTS and DTR are set.
    line : str
        `cts`, `dsr`, `cd` or `ri`.
    clock : callable, optional
        Gives `time.monotonic`.
    """

    def __init__(
        self, port: SerialPort, line: str, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._port = port
        self._line = line
        self._clock = clock
        self._was_set = port.line(line)

    def wait(self, timeout_seconds: float) -> list[ContactChange]:
        """Return whether the line has changed, after a moment.

        Raises
        ------
        SourceLost
            If the adapter is gone, or has no such lines.
        """
        time.sleep(min(_POLL_SECONDS, timeout_seconds))
        is_set = self._port.line(self._line)
        if is_set is self._was_set:
            return []
        self._was_set = is_set
        return [ContactChange(is_set, self._clock())]


@contextmanager
def open_serial_contact(address: str, line: str) -> Iterator[SerialContact]:
    """Open a serial port for the contact at one of its lines.

    Parameters
    ----------
    address : str
        Of the port.
    line : str
        `cts`, `dsr`, `cd` or `ri`.

    Yields
    ------
    SerialContact
        Closed at the end.

    Raises
    ------
    SourceNotFound
        If it cannot be opened; the message says why.
    SourceLost
        If it has no such lines.
    """
    with open_serial_port(address, _BAUD_RATE) as port:
        yield SerialContact(port, line)
