"""One connection to a workbench server that stays open; threads take turns."""

from __future__ import annotations

import http.client
import json
import select
import ssl
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Final
from urllib.parse import urlencode, urlsplit

from recorder_core.errors import ArchiveError, SettingsError
from workbench.wire import API_PATH, raise_error

__all__ = ["Answer", "Connection"]

_TIMEOUT_SECONDS: Final = 120.0
#: of an answer that is no error
_GOOD: Final = range(200, 300)


@dataclass(frozen=True, slots=True)
class Answer:
    """What the server answered."""

    status: int
    #: by their names in lower case, as a proxy may send them
    headers: Mapping[str, str]
    body: bytes

    def json(self) -> Any:
        """Return what the body says; ArchiveError where it is not JSON, as of a proxy's page."""
        try:
            return json.loads(self.body)
        except ValueError as error:
            raise ArchiveError(
                "the server's answer is not JSON: check that the address is that of 'workbench "
                "serve', not of another server or a proxy's sign-in page"
            ) from error


class Connection:
    """A connection to a server.

    Parameters
    ----------
    address : str
        Such as ``https://workbench.hospital.example``; with the base path, if it has one.
    token : str
        Of a kernel or another program that works for a person.
    context : SSLContext, optional
        For certificates of a site's own; unless given, those that this machine trusts.

    Raises
    ------
    SettingsError
        If the address is none, or would send the token in clear to another machine.
    """

    def __init__(self, address: str, *, token: str, context: ssl.SSLContext | None = None) -> None:
        parts = urlsplit(address)
        if parts.scheme not in ("http", "https") or not parts.hostname:
            raise SettingsError(f"{address!r} is not a server address: write https://NAME")
        is_here = parts.hostname in ("localhost", "127.0.0.1", "::1")
        if parts.scheme == "http" and not is_here:
            raise SettingsError("http sends the token in clear: write https:// for another machine")
        self._host, self._port = parts.hostname, parts.port
        self._base = parts.path.rstrip("/")
        self._context = (
            (context or ssl.create_default_context()) if parts.scheme == "https" else None
        )
        self._headers = {"Authorization": f"token {token}"}
        self._lock = threading.Lock()
        self._open: http.client.HTTPConnection | None = None

    def get(self, path: str, query: Mapping[str, Any] | None = None, **headers: str) -> Answer:
        """Return what is at a path of the interface; raise what the server raises."""
        named = {key: value for key, value in (query or {}).items() if value is not None}
        text = f"{path}?{urlencode(named)}" if named else path
        return self.ask("GET", text, headers=headers)

    def post(self, path: str, content: Mapping[str, Any]) -> Answer:
        """Send what changes something; raise what the server raises."""
        body = json.dumps(content).encode()
        return self.ask("POST", path, body=body, headers={"Content-Type": "application/json"})

    def ask(
        self,
        method: str,
        path: str,
        *,
        body: bytes | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> Answer:
        """Return the answer to one request.

        Raises
        ------
        RecorderError
            Of the class that the server raised, or ArchiveError if it cannot be reached.
        """
        sent = self._headers | dict(headers or {})
        with self._lock:
            answer = self._exchange(method, f"{self._base}{API_PATH}{path}", body, sent)
        if answer.status not in _GOOD:
            raise_error(answer.status, _content(answer))
        return answer

    def stream(self, path: str) -> tuple[http.client.HTTPResponse, Callable[[], None]]:
        """Return an answer that goes on, at a connection of its own, and what closes both.

        Raises
        ------
        RecorderError
            Of the class that the server raised, or ArchiveError if it cannot be reached.
        """
        connection = self._connect()
        try:
            connection.request("GET", f"{self._base}{API_PATH}{path}", headers=self._headers)
            response = connection.getresponse()
            is_good = response.status in _GOOD
            answer = Answer(response.status, {}, b"" if is_good else response.read())
        except (http.client.HTTPException, OSError) as error:
            connection.close()
            raise self.unreachable(error) from error

        def close() -> None:
            response.close()
            connection.close()

        if not is_good:
            close()
            raise_error(answer.status, _content(answer))
        return response, close

    def close(self) -> None:
        """Close the connection; the next request opens another."""
        with self._lock:
            self._drop()

    def _exchange(
        self, method: str, path: str, body: bytes | None, headers: Mapping[str, str]
    ) -> Answer:
        """Send a request; one that reads is sent again where the server closed the connection."""
        was_open = self._open is not None
        try:
            return self._send(method, path, body, headers)
        except (http.client.HTTPException, OSError) as error:
            self._drop()
            if not was_open or method == "POST":
                raise self.unreachable(error) from error
        try:
            return self._send(method, path, body, headers)
        except (http.client.HTTPException, OSError) as error:
            self._drop()
            raise self.unreachable(error) from error

    def _send(
        self, method: str, path: str, body: bytes | None, headers: Mapping[str, str]
    ) -> Answer:
        if self._open is not None and _is_closed(self._open):
            self._drop()
        if self._open is None:
            self._open = self._connect()
        self._open.request(method, path, body=body, headers=dict(headers))
        response = self._open.getresponse()
        content = response.read()
        named = {name.lower(): value for name, value in response.headers.items()}
        return Answer(response.status, named, content)

    def _connect(self) -> http.client.HTTPConnection:
        if self._context is None:
            return http.client.HTTPConnection(self._host, self._port, timeout=_TIMEOUT_SECONDS)
        return http.client.HTTPSConnection(
            self._host, self._port, timeout=_TIMEOUT_SECONDS, context=self._context
        )

    def _drop(self) -> None:
        if self._open is not None:
            self._open.close()
        self._open = None

    def unreachable(self, error: Exception) -> ArchiveError:
        """Return what to say where the server does not answer, or not to the end."""
        return ArchiveError(
            f"the server at {self._host} cannot be reached ({type(error).__name__}): check that "
            "'workbench serve' runs there, then try again"
        )


def _is_closed(connection: http.client.HTTPConnection) -> bool:
    """Return whether the server has closed a connection on which nothing is awaited."""
    if connection.sock is None:
        return True
    readable, _, _ = select.select([connection.sock], [], [], 0)
    return bool(readable)


def _content(answer: Answer) -> Mapping[str, Any]:
    """Return what an answer says; nothing where it is no JSON, as that of a proxy."""
    try:
        content = answer.json()
    except ArchiveError:
        return {}
    return content if isinstance(content, dict) else {}
