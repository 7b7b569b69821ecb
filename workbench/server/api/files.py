"""Files of events by Range: decrypted while they are sent, piece by piece."""

from __future__ import annotations

import re
import time
from collections.abc import Mapping
from typing import Any, Final, TypeAlias, cast

from tornado.http1connection import HTTP1Connection
from tornado.iostream import StreamClosedError
from tornado.web import HTTPError

from recorder_core.errors import RecorderError
from recorder_core.jobs.archive.words import SealedReader, file_media_type
from workbench.server.api.endpoints import Endpoint
from workbench.server.api.handler import ApiHandler
from workbench.server.api.open_files import Opened
from workbench.server.web.turns import Turns

__all__ = ["FileHandler", "find_range"]

_PIECE_BYTES: Final = 1 << 20
_PIECE_TURNS: Final = Turns(at_once=2, waiting=62)
#: how often it is asked, while a file is sent, whether the person may still have it
_ASK_SECONDS: Final = 2.0
_Texts: TypeAlias = tuple[str, ...]
_RANGE: Final = re.compile(r"bytes=([0-9]{0,18})-([0-9]{0,18})")


def find_range(header: str | None, size_bytes: int) -> range | None:
    """Return the bytes that a Range header asks for; None where all are to be sent.

    Parameters
    ----------
    header : str or None
        One range, from a byte, up to a byte, or the last bytes. Anything else is ignored, as
        RFC 9110 permits.
    size_bytes : int
        Of the file.

    Raises
    ------
    HTTPError
        416, if there are no such bytes.
    """
    found = _RANGE.fullmatch((header or "").strip().replace(" ", ""))
    if found is None or not any(found.groups()):
        return None
    first, last = found.groups()
    if not first:
        start, stop = max(0, size_bytes - int(last)), size_bytes
    else:
        start, stop = int(first), min(int(last) + 1 if last else size_bytes, size_bytes)
        if last and int(last) < start:
            return None
    if start >= stop:
        raise HTTPError(416, reason=f"The file has {size_bytes} bytes and not these")
    return range(start, stop)


class FileHandler(ApiHandler):
    """Sends a file of an event."""

    def initialize(self, endpoints: Mapping[str, Endpoint]) -> None:
        """Set the endpoint: method -> endpoint."""
        self._endpoint = endpoints["GET"]

    async def get(self, *texts: str) -> None:
        """Send a file, or a range of it."""
        opened = await self._open(texts)
        wanted = self._wanted(opened)
        if wanted is None:
            return
        try:
            await self._send(opened, wanted, texts)
        except StreamClosedError:
            return  # a player that jumps closes the connection
        except (HTTPError, RecorderError):
            # what has begun cannot become an error; the length says that it is cut off
            cast(HTTP1Connection, self.request.connection).stream.close()
            return
        self.finish()

    async def _send(self, opened: Opened[SealedReader], wanted: range, texts: _Texts) -> None:
        """Send bytes of a file, as long as the person may have it."""
        position, asked = wanted.start, time.monotonic()
        while position < wanted.stop:
            if not self.sessions.is_open(self.signed_in):
                raise HTTPError(401, reason="The session has ended")
            if time.monotonic() - asked >= _ASK_SECONDS:
                again, asked = await self._open(texts), time.monotonic()
                if again.etag != opened.etag:
                    raise HTTPError(412, reason="The file was replaced by a newer one")
            size = min(_PIECE_BYTES, wanted.stop - position)
            piece = await self.in_turn(opened.content.read_at, position, size, turns=_PIECE_TURNS)
            self.write(piece)
            await self.flush()
            position += len(piece)

    async def head(self, *texts: str) -> None:
        """Answer with the headers alone."""
        if self._wanted(await self._open(texts)) is not None:
            self.finish()

    async def post(self, *_: str) -> None:
        """Refuse: a file is read only."""
        self.refuse_method("GET, HEAD")

    async def _open(self, texts: tuple[str, ...]) -> Opened[SealedReader]:
        signed_in, endpoint = self.signed_in, self._endpoint
        sent = {name: self.get_query_arguments(name) for name in self.request.query_arguments}
        values: dict[str, Any] = endpoint.path_values(texts) | endpoint.query_values(sent)
        event, role = values["event"], values["role"]

        def open_it() -> Opened[SealedReader]:
            if "incomplete" not in values:
                return self.open_files.export(signed_in, event, role)
            return self.open_files.file(signed_in, event, role, incomplete=values["incomplete"])

        return await self.in_turn(open_it)

    def _wanted(self, opened: Opened[SealedReader]) -> range | None:
        """Set status and headers, and return the bytes to send; None if there is nothing to."""
        size, headers = opened.content.size_bytes, self.request.headers
        self.set_header("Etag", opened.etag)
        self.set_header("Accept-Ranges", "bytes")
        if headers.get("If-Match", opened.etag) not in (opened.etag, "*"):
            raise HTTPError(412, reason="The file was replaced by a newer one; open it again")
        if headers.get("If-None-Match") == opened.etag:
            self.set_status(304)
            self.finish()
            return None
        is_same = headers.get("If-Range", opened.etag) == opened.etag
        try:
            found = find_range(headers.get("Range") if is_same else None, size)
        except HTTPError:
            self._error_headers = {"Content-Range": f"bytes */{size}"}
            raise
        wanted = range(size) if found is None else found
        if found is not None:
            self.set_status(206)
            self.set_header("Content-Range", f"bytes {found.start}-{found.stop - 1}/{size}")
        if opened.name:
            self.set_header("Content-Disposition", f'attachment; filename="{opened.name}"')
        self.set_header("Content-Type", file_media_type(opened.role, opened.content))
        self.set_header("Content-Length", str(len(wanted)))
        return wanted
