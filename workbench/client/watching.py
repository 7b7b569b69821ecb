"""What a running job shows, from a server."""

from __future__ import annotations

import http.client

from recorder_core.jobs.archive import JobWatch
from workbench.client.connection import Connection

__all__ = ["watch_over_http"]


def watch_over_http(connection: Connection, path: str) -> JobWatch:
    """Return what a job shows, at a connection of its own: others' requests do not wait.

    Parameters
    ----------
    connection : Connection
        To the server.
    path : str
        Of the stream in the interface.

    Raises
    ------
    RecorderError
        What the server raises: NotAllowed, NotInCatalog, WrongState, ...
    """
    response, close = connection.stream(path)
    lost = connection.unreachable(http.client.IncompleteRead(b""))

    def read(size: int) -> bytes:
        try:
            return response.read(size)
        except (http.client.HTTPException, OSError, ValueError):
            return b""

    return JobWatch(read, close, lost=lost)
