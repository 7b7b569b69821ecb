"""The handlers of the interface: check what was sent, ask the profile, answer in a thread."""

from __future__ import annotations

import asyncio
import json
import os
import time
from collections.abc import Mapping
from concurrent.futures import Executor, ThreadPoolExecutor
from contextlib import suppress
from types import MappingProxyType
from typing import Any, Final, NoReturn, cast

from tornado.http1connection import HTTP1Connection
from tornado.iostream import StreamClosedError
from tornado.web import HTTPError

from recorder_core.errors import NotAllowed, RecorderError, SettingsError, SignInDelayed
from recorder_core.jobs.archive import JobWatch
from recorder_core.jobs.archive.words import Action
from recorder_core.model.values.phrase import phrase
from recorder_core.model.values.schema import check_value
from workbench.server.api.endpoints import ApiRequest, Content, Endpoint, Threads
from workbench.server.api.open_files import OpenFiles
from workbench.server.entrance.gate import asking
from workbench.server.entrance.sessions import SignedIn
from workbench.server.kernels.kernels import UserKernels
from workbench.server.web.handlers import INBOX, WorkbenchHandler
from workbench.server.web.turns import Turns
from workbench.wire import to_json

__all__ = ["ROOMS", "ApiHandler", "EndpointHandler", "NoEndpointHandler"]

#: where the server's settings hold the folder of rooms
ROOMS: Final = "workbench_rooms"
#: where the server's settings hold what is open
_OPEN_FILES: Final = "workbench_open_files"
_MAX_BODY_BYTES: Final = 1 << 20
#: decoding takes long: it has threads of its own
_FRAMES: Final = ThreadPoolExecutor(max(2, os.cpu_count() or 2), thread_name_prefix="frames")
_FRAME_TURNS: Final = Turns(at_once=2, waiting=30)
#: a running job may take a minute for its answer, and takes sixteen calls at once
_CALLS: Final = ThreadPoolExecutor(32, thread_name_prefix="calls")
_CALL_TURNS: Final = Turns(at_once=8, waiting=24)
_BESIDE: Final[Mapping[Threads, tuple[Executor, Turns]]] = {
    "frames": (_FRAMES, _FRAME_TURNS),
    "calls": (_CALLS, _CALL_TURNS),
}
#: a piece of what a job shows is awaited for some seconds, so that has threads of its own, too
_PIECES: Final = ThreadPoolExecutor(32, thread_name_prefix="pieces")
#: so many jobs one person watches at once
_WATCH_TURNS: Final = Turns(at_once=4, waiting=0)
_PIECE_TURNS: Final = Turns(at_once=4, waiting=0)
#: a browser that takes nothing for so long has gone
_STALLED_SECONDS: Final = 30.0
_ENDED: Final = NotAllowed(phrase("session_ended", "the session has ended: sign in again"))


class ApiHandler(WorkbenchHandler):
    """What all addresses of the interface have in common: JSON errors with the class's name."""

    #: of an answer that is an error
    _error_headers: Mapping[str, str] = MappingProxyType({})

    @property
    def open_files(self) -> OpenFiles:
        """What is open for the people who are signed in."""
        found = self.settings.get(_OPEN_FILES)
        if found is None:
            found = self.settings[_OPEN_FILES] = OpenFiles(self.sessions)
        return cast(OpenFiles, found)

    async def prepare(self) -> None:  # type: ignore[override]
        """Refuse who is not signed in, without sending a program to the login page."""
        await super().prepare(_redirect_to_login=False)

    def set_default_headers(self) -> None:
        """Set what every answer has: nothing of it is kept by a browser or a proxy."""
        super().set_default_headers()
        self.set_header("Cache-Control", "no-store")
        self.set_header("X-Content-Type-Options", "nosniff")

    def write_error(self, status_code: int, **options: Any) -> None:
        """Write a sentence, the name of the error's class, and an id for the log."""
        for name, value in self._error_headers.items():
            self.set_header(name, value)
        super().write_error(status_code, **options)

    def error_fields(self, error: BaseException | None) -> Mapping[str, Any]:
        """Return when to try again, after too many failed attempts."""
        if isinstance(error, SignInDelayed):
            return {"retry_after_seconds": error.retry_after_seconds}
        return {}

    def write_json(self, content: Any) -> None:
        """Finish with JSON."""
        self.set_header("Content-Type", "application/json; charset=utf-8")
        self.finish(json.dumps(to_json(content), allow_nan=False))

    def refuse_method(self, allowed: str) -> NoReturn:
        """Raise that an address does not know this method."""
        self._error_headers = {"Allow": allowed}
        raise HTTPError(405, reason=f"This address answers {allowed} only")


class EndpointHandler(ApiHandler):
    """Answers the addresses of one path."""

    def initialize(self, endpoints: Mapping[str, Endpoint]) -> None:
        """Set what answers: method -> endpoint; this is the moment of the request."""
        self._endpoints = endpoints
        self._arrived_seconds = time.monotonic()

    async def get(self, *texts: str) -> None:
        """Answer what reads."""
        await self._serve("GET", texts)

    async def post(self, *texts: str) -> None:
        """Answer what changes something."""
        await self._serve("POST", texts)

    async def _serve(self, method: str, texts: tuple[str, ...]) -> None:
        signed_in = self.signed_in
        endpoint = self._endpoints.get(method)
        if endpoint is None or endpoint.answer is None:
            self.refuse_method(", ".join(self._endpoints))
        if endpoint.action is not None and not signed_in.archive.may(endpoint.action):
            # before anything else is said of what was sent; this raises, and is logged
            await self.in_turn(_refuse, signed_in, endpoint.action)
        values = endpoint.path_values(texts) | endpoint.query_values(_sent(self))
        if method == "POST":
            values |= self._body_values(endpoint)
        known = self.request.headers.get("If-None-Match", "")
        request = ApiRequest(
            signed_in,
            values,
            self.open_files,
            self._arrived_seconds,
            known,
            self.settings.get(ROOMS),
            self.settings.get(INBOX),
        )
        if beside := _BESIDE.get(endpoint.threads):
            pool, turns = beside
            answer = await self.in_turn(_answer, endpoint, request, pool=pool, turns=turns)
        else:
            answer = await self.in_turn(_answer, endpoint, request)
        if isinstance(answer, JobWatch):
            await self._send_pieces(answer)
        elif isinstance(answer, Content):
            self._send_content(answer, known)
        else:
            self.write_json(answer)

    def _send_content(self, answer: Content, known: str) -> None:
        """Finish with what is not JSON; without it where who asks has it already."""
        for name, value in answer.headers.items():
            self.set_header(name, value)
        if known and answer.headers.get("Etag") == known:
            self.set_status(304)
            self.finish()
            return
        self.set_header("Content-Type", answer.type)
        self.finish(answer.body)

    async def _send_pieces(self, watch: JobWatch) -> None:
        """Send what a job shows, as long as the session goes on; the last piece says why not."""
        self.set_header("Content-Type", "application/octet-stream")
        with watch, suppress(StreamClosedError):  # who watched has gone
            async with _WATCH_TURNS.turn(self.signed_in.login):
                while not watch.is_over:
                    piece = await self._next_piece(watch)
                    self.write(piece)
                    try:
                        await asyncio.wait_for(self.flush(), _STALLED_SECONDS)
                    except TimeoutError:
                        cast(HTTP1Connection, self.request.connection).stream.close()
                        return
                self.finish()

    async def _next_piece(self, watch: JobWatch) -> bytes:
        try:
            piece = await self.in_turn(watch.read_piece, pool=_PIECES, turns=_PIECE_TURNS)
        except RecorderError as error:
            return watch.end(error)
        except HTTPError:  # as the session has ended
            return watch.end(_ENDED)
        return piece if self._goes_on() else watch.end(_ENDED)

    def _goes_on(self) -> bool:
        """Return whether the session goes on; to watch is a use of it while a page shows it."""
        kernel_id = asking(self.request).kernel_id
        is_seen = kernel_id is None or cast(UserKernels, self.kernel_manager).is_seen(kernel_id)
        return self.sessions.find(self.signed_in.token, is_use=is_seen) is self.signed_in

    def _body_values(self, endpoint: Endpoint) -> dict[str, Any]:
        """Return the fields of the body; SettingsError unless it is JSON of the right form."""
        if len(self.request.body) > _MAX_BODY_BYTES:
            raise SettingsError(f"the body must have at most {_MAX_BODY_BYTES} bytes")
        kind = self.request.headers.get("Content-Type", "").partition(";")[0].strip().lower()
        if self.request.body and kind != "application/json":
            raise HTTPError(415, reason="The body must be JSON, of the type application/json")
        try:
            content = json.loads(self.request.body or b"{}")
        except (ValueError, RecursionError):
            raise SettingsError("the body must be JSON") from None
        check_value("body", content, endpoint.body_schema())
        return {each.name: content.get(each.name, each.default) for each in endpoint.body}


class NoEndpointHandler(ApiHandler):
    """Answers everything under the path of the interface that is none of its endpoints."""

    async def prepare(self) -> None:  # type: ignore[override]
        """Refuse, once it is known who asks."""
        await super().prepare()
        raise HTTPError(404, reason=phrase("no_address", "The interface has no such address"))


def _sent(handler: ApiHandler) -> dict[str, list[str]]:
    """Return the query as it was sent."""
    return {name: handler.get_query_arguments(name) for name in handler.request.query_arguments}


def _answer(endpoint: Endpoint, request: ApiRequest) -> Any:
    """Return the answer; one at a time for a person, unless it sees to that itself."""
    if endpoint.answer is None:
        raise SettingsError("this address sends files")
    if endpoint.threads in _BESIDE:
        return endpoint.answer(request)
    with request.signed_in.lock:
        return endpoint.answer(request)


def _refuse(signed_in: SignedIn, action: Action) -> None:
    """Raise that a profile may not do something, and log that it was asked."""
    with signed_in.lock:
        signed_in.archive.refuse_unless(action)
