"""A serial port, with errors in sentences."""

from __future__ import annotations

import errno
import sys
from collections.abc import Iterator, Mapping
from contextlib import closing, contextmanager
from typing import Final

import serial

from recorder_core.errors import SourceLost, SourceNotFound

__all__ = ["SerialPort", "open_serial_port", "shown_port"]

if sys.platform == "win32":
    _FAILURES: tuple[type[Exception], ...] = (OSError,)
else:
    import termios

    _FAILURES = (OSError, termios.error)

#: how long reading waits for a byte
_WAIT_SECONDS: Final = 0.1
#: how long writing waits for an adapter that takes nothing
_WRITE_SECONDS: Final = 1.0
#: of a port without lines beside its data, such as a pseudo-terminal
_NO_LINES: Final = (errno.ENOTTY, errno.EINVAL)
_WHY_NOT: Final[Mapping[int | None, str]] = {
    errno.ENOENT: "is not there: plug the adapter in, or name another port",
    errno.EACCES: "may not be opened: add the user who records to the group of the port, often "
    "dialout",
    errno.EAGAIN: "is used by another program: close that, or name another port",
    errno.EBUSY: "is used by another program: close that, or name another port",
}


class SerialPort:
    """An open serial port, of which nobody else reads.

    Parameters
    ----------
    port : serial.Serial
        Open.
    """

    def __init__(self, port: serial.SerialBase) -> None:
        self._port = port

    @property
    def name(self) -> str:
        """Its path, or the scheme of its address, as `shown_port` says it."""
        return shown_port(str(self._port.port))

    def read(self) -> bytes:
        """Return what has arrived, or what arrives first within 0.1 s; empty: nothing does.

        Raises
        ------
        SourceLost
            If the adapter is gone.
        """
        with _losing(self.name):
            first = self._port.read(1)
            return bytes(first + self._port.read(self._port.in_waiting)) if first else b""

    def write(self, data: bytes) -> None:
        """Send bytes.

        Raises
        ------
        SourceLost
            If the adapter is gone.
        """
        with _losing(self.name):
            self._port.write(data)

    def line(self, name: str) -> bool:
        """Return whether an input line is set.

        Parameters
        ----------
        name : str
            `cts`, `dsr`, `cd` or `ri`.

        Raises
        ------
        SourceLost
            If the adapter is gone, or has no such lines.
        """
        with _losing(self.name):
            try:
                return bool(getattr(self._port, name))
            except OSError as error:
                if error.errno not in _NO_LINES:
                    raise
                raise SourceLost(
                    f"the serial port {self.name} has no line {name}: name another port"
                ) from error


def shown_port(address: str) -> str:
    """Return an address as a message may say it: one in the network may hold a password."""
    scheme, is_remote, _ = address.partition("://")
    return f"{scheme}://…" if is_remote else address


@contextmanager
def open_serial_port(address: str, baud_rate: int) -> Iterator[SerialPort]:
    """Open a serial port, 8N1 without flow control, its output lines set.

    Parameters
    ----------
    address : str
        Such as `/dev/ttyUSB0`, `COM3`, or an address of pyserial (`rfc2217://...`).
    baud_rate : int
        Bits per second.

    Yields
    ------
    SerialPort
        Closed at the end.

    Raises
    ------
    SourceNotFound
        If it cannot be opened; the message says why.
    """
    try:
        port = serial.serial_for_url(
            address,
            baudrate=baud_rate,
            timeout=_WAIT_SECONDS,
            write_timeout=_WRITE_SECONDS,
            exclusive=True if sys.platform != "win32" else None,
        )
    except (*_FAILURES, ValueError) as error:
        why = _WHY_NOT.get(getattr(error, "errno", None), "cannot be opened as a serial port")
        raise SourceNotFound(f"the serial port {shown_port(address)} {why}") from error
    with closing(port):
        yield SerialPort(port)


@contextmanager
def _losing(name: str) -> Iterator[None]:
    try:
        yield
    # pyserial reads of None when the port is closed by another thread
    except (*_FAILURES, TypeError) as error:
        raise SourceLost(
            f"the adapter of the serial port {name} was unplugged: plug it in again"
        ) from error
