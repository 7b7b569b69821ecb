"""Receive the calls of people at a running job, each in a thread, and check who calls."""

from __future__ import annotations

import json
import os
import secrets
import socket
import threading
import time
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from types import TracebackType
from typing import Any, Final, Self, TypeAlias

from recorder_core.archive import check_signature
from recorder_core.catalog import User
from recorder_core.errors import ArchiveError, NotAllowed
from recorder_core.jobs.archive.access.session import Session
from recorder_core.jobs.archive.queue.calling import (
    MAX_LINE_BYTES,
    Channel,
    call_address,
    json_line,
    peer_of,
    signed_text,
)

__all__ = ["Call", "CallListener"]

#: further calls are rejected, so that idle callers cannot block others
_MAX_CALLS: Final = 16
#: how long who has called may take to say something: the log is written in between
_CALL_SECONDS: Final = 30.0
_RETRY_SECONDS: Final = 0.1
_ROOT: Final = 0


@dataclass(frozen=True, slots=True)
class Call:
    """A call that has said what it is for.

    Attributes
    ----------
    channel : {"command", "watch"}
        At which address it came.
    job_id : str
        Which job was called.
    connection : socket
        To who calls.
    line : bytes
        What was said.
    challenge : str
        What the job had said first.
    arrived_seconds : float
        When it came, on the monotonic clock.
    """

    channel: Channel
    job_id: str
    connection: socket.socket = field(repr=False)
    line: bytes = field(repr=False)
    challenge: str = field(repr=False)
    arrived_seconds: float

    def check(self, session: Session) -> tuple[User, Mapping[str, Any]]:
        """Return who calls, and what is asked.

        Raises
        ------
        NotAllowed
            If it is not signed by the person whose name it bears, or that person is disabled.
        ArchiveError
            If it is no call.
        """
        payload, signature, content = _parts(self.line)
        user = session.vouched_user(content["by"])
        text = signed_text(self.channel, self.job_id, self.challenge, payload)
        if user.is_disabled or not check_signature(user.verify_key, signature, text):
            raise NotAllowed(f"the call is not signed by {user.user_id}, whose name it bears")
        return user, content

    def reply(self, content: Mapping[str, Any]) -> None:
        """Answer, if who calls is still there."""
        with suppress(OSError):
            self.connection.sendall(json_line(content))


_Serve: TypeAlias = Callable[[Call], None]


class CallListener:
    """Listens at one address of a job; a context manager.

    Each call is stamped when it arrives, whatever the job does, and served in a thread of its own.

    Parameters
    ----------
    channel : {"command", "watch"}
        What the address is for.
    job_id : str
        Which job.
    serve : callable
        Given a call, does what it asks for.
    """

    def __init__(self, channel: Channel, job_id: str, serve: _Serve) -> None:
        self._channel: Channel = channel
        self._job_id, self._serve_call = job_id, serve
        self._calls = threading.BoundedSemaphore(_MAX_CALLS)
        self._socket: socket.socket | None = None

    def __enter__(self) -> Self:
        self._socket = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        try:
            self._socket.bind(call_address(self._channel, self._job_id))
            self._socket.listen()
        except OSError as error:
            self._socket.close()
            raise ArchiveError(
                f"job {self._job_id} cannot receive calls ({error.strerror}): start another"
            ) from error
        threading.Thread(
            target=self._listen, args=(self._socket,), name=self._channel, daemon=True
        ).start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        listening, self._socket = self._socket, None
        if listening is not None:
            with suppress(OSError):
                listening.shutdown(socket.SHUT_RDWR)  # wakes the thread that waits for calls
            listening.close()

    def _listen(self, listening: socket.socket) -> None:
        while self._socket is not None:
            try:
                connection, _ = listening.accept()
            except OSError:  # closed, or the machine has no more files to open for a moment
                time.sleep(_RETRY_SECONDS)
                continue
            arrived = time.monotonic()
            # an archive's folders are open to its owner alone
            is_owner = peer_of(connection)[1] in (os.geteuid(), _ROOT)
            if not (is_owner and self._calls.acquire(blocking=False)):
                connection.close()
                continue
            threading.Thread(target=self._serve, args=(connection, arrived), daemon=True).start()

    def _serve(self, connection: socket.socket, arrived: float) -> None:
        try:
            connection.settimeout(_CALL_SECONDS)
            with connection, connection.makefile("rb") as stream:
                challenge, line = secrets.token_hex(), b""
                with suppress(OSError):  # who called has gone
                    connection.sendall(json_line({"challenge": challenge}))
                    line = stream.readline(MAX_LINE_BYTES)
                if line:
                    call = (self._channel, self._job_id, connection, line, challenge, arrived)
                    self._serve_call(Call(*call))
        finally:
            self._calls.release()


def _parts(line: bytes) -> tuple[str, str, dict[str, Any]]:
    """Return the words of a call, their signature and their content."""
    try:
        call = json.loads(line)
        payload, signature = str(call["payload"]), str(call["signature"])
        content = json.loads(payload)
        if isinstance(content, dict) and isinstance(content.get("by"), str):
            return payload, signature, content
    except (ValueError, KeyError, TypeError, RecursionError):
        pass
    raise ArchiveError("the message is not a call")
