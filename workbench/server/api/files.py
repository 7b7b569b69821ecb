"""Files of events by Range: decrypted while they are sent, piece by piece."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any, Final

from tornado.iostream import StreamClosedError
from tornado.web import HTTPError

from recorder_core.jobs.archive.words import SealedReader, file_media_type
from workbench.server.api.endpoints import Endpoint
from workbench.server.api.handler import ApiHandler
from workbench.server.api.open_files import Opened

__all__ = ["FileHandler", "find_range"]

_PIECE_BYTES: Final = 1 << 20
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
        position = wanted.start
        try:
            while position < wanted.stop:
                size = min(_PIECE_BYTES, wanted.stop - position)
                piece = await self.in_thread(opened.content.read_at, position, size)
                self.write(piece)
                await self.flush()
                position += len(piece)
        except StreamClosedError:
            return  # a player that jumps closes the connection
        self.finish()

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
        role, incomplete = values["role"], values["incomplete"]

        def open_it() -> Opened[SealedReader]:
            return self.open_files.file(signed_in, values["event"], role, incomplete=incomplete)

        return await self.in_thread(open_it)

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
        self.set_header("Content-Type", file_media_type(opened.role, opened.content))
        self.set_header("Content-Length", str(len(wanted)))
        return wanted
