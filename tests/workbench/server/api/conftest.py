"""A server on the loopback device that answers the interface, for one person of each profile."""

from __future__ import annotations

import asyncio
import http.client
import json
import logging
import shutil
import threading
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from jupyter_server.auth import AllowAllAuthorizer, IdentityProvider, User
from tornado.httpserver import HTTPServer
from tornado.netutil import bind_sockets
from tornado.web import Application

from recorder_core.archive import Password
from recorder_core.catalog import Catalog
from recorder_core.errors import WrongState
from recorder_core.jobs.archive import (
    Credentials,
    EventNames,
    ImportRequest,
    add_copy,
    import_video,
    mark_event,
    open_archive,
    sign_off,
)
from workbench.client import Connection, RemoteArchive, open_archive as open_remote
from workbench.server.api import api_handlers
from workbench.server.entrance.gate import _ATTRIBUTE, Asking
from workbench.server.entrance.sessions import Sessions
from workbench.server.web.handlers import SESSIONS
from workbench.wire import API_PATH

PASSWORD = "correct horse"
LOGINS = ("olga", "rita", "rosa", "egon", "adam")


class TokenIdentity(IdentityProvider):
    """Knows whose a token is."""

    def get_user(self, handler: Any) -> User | None:
        token = handler.request.headers.get("Authorization", "").removeprefix("token ")
        signed_in = handler.settings[SESSIONS].find_kernel(token)
        if signed_in is None:
            return None
        kernel_id = handler.settings[SESSIONS].kernel_id(token)
        setattr(handler.request, _ATTRIBUTE, Asking(signed_in, "kernel", kernel_id))
        user = User(username=signed_in.login)
        user.signed_in = signed_in  # type: ignore[attr-defined]
        return user

    def is_token_authenticated(self, handler: Any) -> bool:
        return True


class Browser:
    """Asks as a browser does, and sees every header."""

    def __init__(self, address: str, token: str) -> None:
        host, port = address.removeprefix("http://").split(":")
        self._connection = http.client.HTTPConnection(host, int(port), timeout=60)
        self._headers = {"Authorization": f"token {token}"}

    def ask(
        self, path: str, method: str = "GET", body: bytes | None = None, **headers: str
    ) -> tuple[Any, bytes]:
        sent = self._headers | {key.replace("_", "-"): value for key, value in headers.items()}
        self._connection.request(method, f"{API_PATH}{path}", body=body, headers=sent)
        response = self._connection.getresponse()
        return response, response.read()

    def close(self) -> None:
        self._connection.close()


_OPEN: list[Any] = []


def closed_later(opened: Any) -> Any:
    """What a test opens is closed when it has ended."""
    _OPEN.append(opened)
    return opened


@pytest.fixture(autouse=True)
def _closing() -> Iterator[None]:
    yield
    while _OPEN:
        _OPEN.pop().close()


@dataclass
class Api:
    """Where the server answers, and what lies in its archive."""

    path: Path
    #: with a released copy, signals and a marker
    released: str
    #: with a copy that nobody signed off
    unreleased: str
    #: without a copy
    plain: str
    address: str = ""
    tokens: dict[str, str] = field(default_factory=dict)
    sessions: Sessions | None = None
    #: kernels that no page shows
    unseen: set[str] = field(default_factory=set)

    def is_seen(self, kernel_id: str) -> bool:
        """Return whether a page shows a kernel, as the server's kernels say it."""
        return kernel_id not in self.unseen

    def connection(self, login: str) -> Connection:
        return closed_later(Connection(self.address, token=self.tokens[login]))

    def archive(self, login: str) -> RemoteArchive:
        return closed_later(open_remote(self.address, token=self.tokens[login]))

    def browser(self, login: str) -> Browser:
        return closed_later(Browser(self.address, self.tokens[login]))

    def local(self, login: str) -> Any:
        return open_archive(self.path, Credentials(login, Password(PASSWORD)))


def _signals(folder: Path) -> Path:
    path = folder / "signals.csv"
    lines = ["signal,unit,seconds,value"]
    lines += [f"bis,,{place / 5},{50 + place if place != 4 else ''}" for place in range(12)]
    lines += [f"heart-rate,1/min,{place},72" for place in range(3)]
    path.write_text("\n".join(lines) + "\n")
    return path


def _fill(path: Path, source: Path, copy: Path, folder: Path) -> Api:
    with open_archive(path, Credentials("olga", Password(PASSWORD))) as opened:
        names = EventNames(patient_name="Quorra Zephyr")
        request = ImportRequest(
            source=source, procedure_code="with-signals", names=names, signals=_signals(folder)
        )
        released = import_video(opened, request).event.event_id
        mark_event(opened, released, "incision", start_seconds=0.5, stop_seconds=1.25)
        mark_event(opened, released, "clip", start_seconds=2.0)
        plain, unreleased = (
            next(each.event_id for each in opened.events() if each.row.procedure_code == code)
            for code in ("lap-chole", "hernia")
        )
    with open_archive(path, Credentials("rita", Password(PASSWORD))) as opened:
        for event in (released, unreleased):
            add_copy(opened, event, copy)
        opened.event(released).video("deidentified").close()
        sign_off(opened, released)
    return Api(path, released, unreleased, plain)


@pytest.fixture(scope="session")
def filled_archive(
    served_archive: Path,
    drawn_source: Path,
    finished: Path,
    tmp_path_factory: pytest.TempPathFactory,
) -> Api:
    """An archive of three events in different states; tests that change it use `writable`."""
    folder = tmp_path_factory.mktemp("filled")
    path = _copied(served_archive, folder / "archive")
    return _fill(path, drawn_source, finished, folder)


def _copied(archive: Path, path: Path) -> Path:
    shutil.copytree(archive, path)
    info = json.loads((path / "archive.json").read_text())
    (path / "archive.json").write_text(json.dumps(info | {"folder": str(path)}))
    return path


def _serve(api: Api, started: Callable[[Any, Any, int], None]) -> None:
    async def main() -> None:
        app = Application(
            api_handlers("/"),
            **{
                SESSIONS: api.sessions,
                "identity_provider": TokenIdentity(),
                "kernel_manager": api,
                "authorizer": AllowAllAuthorizer(),
                "allow_unauthenticated_access": False,
                "base_url": "/",
                "headers": {},
                "login_url": "/login",
                "log_function": lambda handler: None,
            },
        )
        server = HTTPServer(app)
        sockets = bind_sockets(0, "127.0.0.1")
        server.add_sockets(sockets)
        ended = asyncio.Event()
        started(asyncio.get_running_loop(), ended, sockets[0].getsockname()[1])
        await ended.wait()
        server.stop()
        await server.close_all_connections()

    asyncio.run(main())


def serving(api: Api) -> Iterator[Api]:
    """Serve an archive until the generator is closed."""
    api.sessions = Sessions(api.path)
    for login in LOGINS:
        signed_in = api.sessions.sign_in(login, Password(PASSWORD))
        api.tokens[login] = api.sessions.kernel_token(signed_in, f"kernel-{login}")
    ready, found = threading.Event(), {}

    def started(loop: Any, ended: Any, port: int) -> None:
        found.update(loop=loop, ended=ended, port=port)
        ready.set()

    thread = threading.Thread(target=_serve, args=(api, started))
    thread.start()
    assert ready.wait(30)
    api.address = f"http://127.0.0.1:{found['port']}"
    logging.getLogger("workbench.server").setLevel(logging.ERROR)
    yield api
    found["loop"].call_soon_threadsafe(found["ended"].set)
    thread.join(30)
    api.sessions.close()
    with Catalog(api.path / "catalog.db") as catalog:
        for job in catalog.jobs.find():
            with suppress(WrongState):  # it has ended
                catalog.jobs.ask_to_stop(job.job_id, by="adam")


def _own(filled: Api, folder: Path) -> Api:
    """The same archive in another folder: what is done to it is in no other test's log."""
    path = _copied(filled.path, folder / "archive")
    return Api(path, filled.released, filled.unreleased, filled.plain)


@pytest.fixture(scope="session")
def api(filled_archive: Api, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Api]:
    """A server whose archive no test changes."""
    yield from serving(_own(filled_archive, tmp_path_factory.mktemp("read")))


@pytest.fixture
def writable(filled_archive: Api, tmp_path: Path) -> Iterator[Api]:
    """A server with an archive of the test's own."""
    yield from serving(_own(filled_archive, tmp_path))


@pytest.fixture(scope="module")
def fuzzed(filled_archive: Api, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Api]:
    """A server with an archive that is anybody's to change."""
    yield from serving(_own(filled_archive, tmp_path_factory.mktemp("fuzzed")))
