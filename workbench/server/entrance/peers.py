"""Who is at the other end of a connection, where that is a program on this machine."""

from __future__ import annotations

import ipaddress
import socket
import sys
from functools import cache
from pathlib import Path
from typing import Final

__all__ = ["find_uid"]

_TABLES: Final = (Path("/proc/net/tcp"), Path("/proc/net/tcp6"))
#: places in a line of the tables: the address at its own end, at the other, and whose it is
_LOCAL, _REMOTE, _UID = 1, 2, 7


def find_uid(connection: socket.socket) -> int | None:
    """Return as which system user the other end of a connection runs.

    Returns
    -------
    int or None
        None if it is on another machine, or this one does not say.
    """
    try:
        theirs, ours = connection.getpeername()[:2], connection.getsockname()[:2]
    except OSError:
        return None
    wanted = {(_written(theirs, wide), _written(ours, wide)) for wide in (False, True)}
    for table in _TABLES:
        try:
            lines = table.read_text().splitlines()
        except OSError:
            continue
        for line in lines:
            fields = line.split()
            if (fields[_LOCAL], fields[_REMOTE]) in wanted:
                return int(fields[_UID])
    return None


@cache
def _word(four: bytes) -> str:
    """Return four bytes of an address as the tables have them: one number of the machine's."""
    return f"{int.from_bytes(four, sys.byteorder):08X}"


def _written(end: tuple[str, int], wide: bool) -> str:
    """Return an address as the tables have it; `wide` as that of a socket for both kinds."""
    host, port = end
    address = ipaddress.ip_address(host.partition("%")[0])
    packed = address.packed
    if address.version == 6 and (mapped := getattr(address, "ipv4_mapped", None)) and not wide:
        packed = mapped.packed
    elif address.version == 4 and wide:
        packed = bytes(10) + b"\xff\xff" + packed
    return "".join(_word(packed[at : at + 4]) for at in range(0, len(packed), 4)) + f":{port:04X}"
