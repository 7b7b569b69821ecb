"""Whether the server of a display is still there.

FFmpeg goes on giving the last frame of a display whose server has ended. What it reads by is a
socket of this process, and that says so.
"""

from __future__ import annotations

import os
import re
import select
import socket
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Final, Self

__all__ = ["DisplayWatch"]

_SOCKETS: Final = Path("/proc/self/fd")
_NUMBER: Final = re.compile(r":(\d+)")
#: where the server of display 0 is by TCP
_FIRST_PORT: Final = 6000


class DisplayWatch:
    """Watches the connections that this process has to a display; closed at the end of its block.

    Parameters
    ----------
    address : str
        Of the display, such as `:0.0+64,32`; FFmpeg has opened it.
    """

    def __init__(self, address: str) -> None:
        self._stack = ExitStack()
        self._sockets = [self._stack.enter_context(each) for each in _sockets_to(address)]

    @property
    def is_gone(self) -> bool:
        """Whether the server has ended; of several sources of a display one may be closed alone."""
        return bool(self._sockets) and all(map(_has_ended, self._sockets))

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *error: object) -> None:
        self._stack.close()


def _sockets_to(address: str) -> Iterator[socket.socket]:
    """Yield copies of the sockets of this process that are connected to a display."""
    match = _NUMBER.search(address)
    if match is None or not _SOCKETS.is_dir():
        return
    number = int(match[1])
    for descriptor in _SOCKETS.iterdir():
        copy = _copied(descriptor)
        if copy is not None and _is_of(copy, number) and not _has_ended(copy):
            yield copy
        elif copy is not None:
            copy.close()


def _copied(descriptor: Path) -> socket.socket | None:
    """Return a copy of a descriptor as a socket; None where it is none, or not open any more."""
    try:
        if not str(descriptor.readlink()).startswith("socket:"):
            return None
        copy = os.dup(int(descriptor.name))
    except OSError:
        return None
    try:
        return socket.socket(fileno=copy)
    except OSError:
        os.close(copy)
        return None


def _is_of(connection: socket.socket, number: int) -> bool:
    """Return whether a socket is connected to the server of a display."""
    try:
        peer = connection.getpeername()
    except OSError:
        return False
    if isinstance(peer, tuple):
        return len(peer) > 1 and peer[1] == _FIRST_PORT + number
    name = peer.decode("ascii", "replace") if isinstance(peer, bytes) else str(peer)
    return name.strip("\0").endswith(f".X11-unix/X{number}")


def _has_ended(connection: socket.socket) -> bool:
    """Return whether the other end of a socket was closed; what was sent before is left alone."""
    poll = select.poll()
    poll.register(connection, getattr(select, "POLLRDHUP", 0))
    return bool(poll.poll(0))
