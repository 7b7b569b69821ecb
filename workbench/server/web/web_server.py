"""The web server itself: how long it waits, how much it reads, and how many connect."""

from __future__ import annotations

import resource
from collections import Counter
from collections.abc import Callable
from typing import Any, Final

from tornado.httpserver import HTTPServer
from tornado.iostream import IOStream

__all__ = ["LimitedServer", "raise_open_files"]

#: for a browser that sends nothing more; those of people ask again
_IDLE_SECONDS: Final = 75.0
_BODY_SECONDS: Final = 60.0
_HEADER_BYTES: Final = 64 << 10
#: from one address; a browser opens six
_MAX_CONNECTIONS: Final = 256
_OPEN_FILES: Final = 65_536


class LimitedServer(HTTPServer):
    """A web server whose clients cannot hold it up."""

    def initialize(self, *arguments: Any, **options: Any) -> None:
        """Set the limits beside what is asked for."""
        limits = {
            "idle_connection_timeout": _IDLE_SECONDS,
            "body_timeout": _BODY_SECONDS,
            "max_header_size": _HEADER_BYTES,
        }
        super().initialize(*arguments, **{**options, **limits})
        self._connected: Counter[str] = Counter()

    def handle_stream(self, stream: IOStream, address: Any) -> None:
        """Serve a connection, unless its address has as many as it may."""
        host = str(address[0]) if address else ""
        if self._connected[host] >= _MAX_CONNECTIONS:
            stream.close()
            return
        self._connected[host] += 1
        _when_closed(stream, lambda: self._leave(host))
        super().handle_stream(stream, address)

    def _leave(self, host: str) -> None:
        self._connected[host] -= 1
        if self._connected[host] <= 0:
            del self._connected[host]


def _when_closed(stream: IOStream, call: Callable[[], None]) -> None:
    """Call a function when a connection ends; its callback is the web server's own."""
    close_fd = stream.close_fd

    def closed() -> None:
        close_fd()
        call()

    stream.close_fd = closed  # type: ignore[method-assign]


def raise_open_files() -> None:
    """Allow this process as many connections and files as the system lets it have."""
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = _OPEN_FILES if most == resource.RLIM_INFINITY else min(most, _OPEN_FILES)
    resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, most))
