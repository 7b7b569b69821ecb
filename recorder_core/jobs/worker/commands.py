"""Receive the commands of people for a running job, check who gives them, and answer."""

from __future__ import annotations

import json
import os
import secrets
import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from types import TracebackType
from typing import Any, Final, Self, TypeAlias

from recorder_core.archive import check_signature
from recorder_core.catalog import require
from recorder_core.errors import ArchiveError, NotAllowed, RecorderError, SettingsError, WrongState
from recorder_core.jobs.archive.access.session import Session
from recorder_core.jobs.archive.queue.commanding import (
    MAX_LINE_BYTES,
    JobCommand,
    command_address,
    error_content,
    json_line,
    peer_of,
    signed_text,
)
from recorder_core.jobs.archive.queue.kinds import JobKind

__all__ = ["CommandListener"]

#: carries a command out; what it returns is the answer, as JSON can hold it
_Answer: TypeAlias = Callable[[JobCommand], Any]

#: further calls are rejected, so that idle callers cannot block others
_MAX_CALLS: Final = 16
#: how long who has called may take to say something: the log is written in between
_CALL_SECONDS: Final = 30.0
#: how long before its call a command may have been asked for, as by a request that waited
_MAX_WAIT_SECONDS: Final = 10.0
_RETRY_SECONDS: Final = 0.1
_ROOT: Final = 0


class CommandListener:
    """Listens for commands where the kind of the job takes any; a context manager.

    Each call is stamped when it arrives, whatever the job does; of one that waited at another
    process of this machine the earlier moment counts, within bounds. Commands are carried out one
    at a time, in a thread that is not the job's own.

    Parameters
    ----------
    session : Session
        Of the archive, open as who asked for the job.
    job_id : str
        Which job.
    kind : JobKind
        Which commands it takes, and what each asks of a profile.
    """

    def __init__(self, session: Session, job_id: str, kind: JobKind) -> None:
        self._session, self._job_id, self._kind = session, job_id, kind
        self._lock = threading.Lock()
        self._answer: _Answer | None = None
        self._calls = threading.BoundedSemaphore(_MAX_CALLS)
        self._socket: socket.socket | None = None

    @contextmanager
    def answering(self, answer: _Answer) -> Iterator[None]:
        """Carry out the commands that arrive inside; those before and after are refused.

        Parameters
        ----------
        answer : callable
            Given a command, carries it out and returns the answer; a RecorderError refuses it.
        """
        with self._lock:
            self._answer = answer
        try:
            yield
        finally:
            with self._lock:  # one that is being carried out is answered first
                self._answer = None

    def __enter__(self) -> Self:
        if self._kind.commands:
            self._socket = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
            try:
                self._socket.bind(command_address(self._job_id))
                self._socket.listen()
            except OSError as error:
                self._socket.close()
                raise ArchiveError(
                    f"job {self._job_id} cannot receive commands ({error.strerror}): start another"
                ) from error
            listen = threading.Thread(
                target=self._listen, args=(self._socket,), name="commands", daemon=True
            )
            listen.start()
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
                if not line:
                    return
                with self._lock:
                    reply = self._reply(line, challenge, arrived)
                    with suppress(OSError):
                        connection.sendall(json_line(reply))
        finally:
            self._calls.release()

    def _reply(self, line: bytes, challenge: str, arrived: float) -> dict[str, Any]:
        try:
            command = self._checked(line, challenge, arrived)
            if self._answer is None:
                raise WrongState(
                    f"job {self._job_id} begins or ends just now: send {command.name} again"
                )
            return {"answer": self._answer(command)}
        except RecorderError as error:
            return error_content(error)

    def _checked(self, line: bytes, challenge: str, arrived: float) -> JobCommand:
        """Return a command that somebody gives who may; NotAllowed if nobody does."""
        payload, signature, content = _parts(line)
        name = str(content.get("command"))
        user = self._session.vouched_user(str(content.get("by")))
        text = signed_text(self._job_id, challenge, payload)
        if user.is_disabled or not check_signature(user.verify_key, signature, text):
            raise NotAllowed(f"the command is not signed by {user.user_id}, whose name it bears")
        if name not in self._kind.commands:
            raise SettingsError(f"{self._kind.name} takes no command {name!r}")
        taken = self._kind.commands[name]
        require(user.profile, taken.action)
        taken.check(name, content["arguments"])
        moment = _moment(content.get("asked_seconds"), arrived)
        return JobCommand(name, content["arguments"], user.user_id, moment)


def _moment(asked: object, arrived: float) -> float:
    """Return when a command was asked for; when it arrived, unless that was shortly before."""
    if not isinstance(asked, float):
        return arrived
    return asked if arrived - _MAX_WAIT_SECONDS <= asked <= arrived else arrived


def _parts(line: bytes) -> tuple[str, str, dict[str, Any]]:
    """Return the words of a call, their signature and their content."""
    try:
        call = json.loads(line)
        payload, signature = str(call["payload"]), str(call["signature"])
        content = json.loads(payload)
        return payload, signature, content | {"arguments": {**content["arguments"]}}
    except (ValueError, KeyError, TypeError, RecursionError):
        raise ArchiveError("the message is not a command") from None
