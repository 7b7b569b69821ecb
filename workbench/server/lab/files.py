"""Files of people, asked of processes that run as them; the server itself opens none."""

from __future__ import annotations

import contextlib
import json
import socket
import subprocess
import sys
import threading
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any, Final

from tornado.web import HTTPError

from recorder_core.errors import ArchiveError
from workbench.server.system_users.kernel_users import KernelUsers

__all__ = ["POOL", "UserFiles"]

_WORKER: Final = Path(__file__).with_name("worker.py")
_LENGTH_BYTES: Final = 8
#: of an answer: a file of the largest size, as base64 in JSON
_MAX_ANSWER_BYTES: Final = 96 << 20
#: of what a person is told of an error
_MAX_SAID: Final = 300
_WAIT_SECONDS: Final = 60.0
POOL: Final = ThreadPoolExecutor(8, thread_name_prefix="files")


@dataclass(slots=True)
class _Worker:
    process: subprocess.Popen[bytes]
    channel: socket.socket

    def ask(self, request: Any) -> Any:
        """Return an answer; OSError or ValueError if there is none that can be read."""
        content = json.dumps(request).encode()
        self.channel.sendall(len(content).to_bytes(_LENGTH_BYTES, "big") + content)
        count = int.from_bytes(self._read(_LENGTH_BYTES), "big")
        if count > _MAX_ANSWER_BYTES:
            raise ValueError("too long an answer")
        return json.loads(self._read(count), object_hook=_revived)

    def end(self) -> None:
        """End the process."""
        self.channel.close()
        self.process.kill()
        self.process.wait()

    def _read(self, count: int) -> bytes:
        found = bytearray()
        while len(found) < count:
            piece = self.channel.recv(min(1 << 20, count - len(found)))
            if not piece:
                raise ConnectionError("the process has ended")
            found += piece
        return bytes(found)


@dataclass(slots=True)
class _Line:
    """One person's process, and who may talk to it."""

    lock: threading.Lock = field(default_factory=threading.Lock)
    worker: _Worker | None = None


class UserFiles:
    """What is asked about files, and the processes that do it.

    Parameters
    ----------
    users : KernelUsers
        As whom they run.
    """

    def __init__(self, users: KernelUsers) -> None:
        self._users = users
        self._lines: dict[str, _Line] = {}

    def ask(self, login: str, method: str, *arguments: Any, **options: Any) -> Any:
        """Return what work on a person's files returns; it blocks.

        Raises
        ------
        HTTPError
            If it does not work, with what to say.
        """
        line = self._lines.setdefault(login, _Line())
        with line.lock:
            answer = self._answer(login, line, [method, arguments, options])
        if not isinstance(answer, dict) or not ("result" in answer or "status" in answer):
            raise HTTPError(502, reason="The files cannot be read")
        if "result" in answer:
            return answer["result"]
        status = int(answer["status"])
        said = " ".join(str(answer.get("error")).split())[:_MAX_SAID]
        raise HTTPError(status if 400 <= status < 500 else 400, said)

    def end(self, login: str) -> None:
        """End a person's process; the next question starts another."""
        line = self._lines.get(login)
        if line is None:
            return
        if (worker := line.worker) is not None:
            worker.process.kill()  # who waits for its answer waits no more
        with line.lock:
            if line.worker is not None:
                line.worker.end()
                line.worker = None

    def close(self) -> None:
        """End all processes."""
        for login in list(self._lines):
            self.end(login)

    def _answer(self, login: str, line: _Line, request: Any) -> Any:
        # the process ends with the person's last kernel: then one is started anew, once
        for _ in range(2):
            worker = line.worker = line.worker or self._start(login)
            try:
                return worker.ask(request)
            except (OSError, ValueError, RecursionError):
                worker.end()
                line.worker = None
        raise HTTPError(503, reason="The files do not answer: try again in a moment")

    def _start(self, login: str) -> _Worker:
        try:
            process = self._users.process_options(login)
            folder = self._users.open_folder(login)
        except ArchiveError as error:
            raise HTTPError(503, reason=str(error)) from error
        ours, theirs = socket.socketpair()
        ours.settimeout(_WAIT_SECONDS)
        nowhere = subprocess.DEVNULL
        home = {"HOME": "/nonexistent", "JUPYTER_NO_CONFIG": "1", "PATH": "/usr/bin:/bin"}
        with contextlib.closing(theirs):
            started = subprocess.Popen(  # noqa: S603 - this program's own file
                [sys.executable, "-I", str(_WORKER)],
                **process,
                stdin=theirs.fileno(),
                stdout=nowhere,
                stderr=nowhere,
                cwd=folder,
                env=home,
            )
        return _Worker(started, ours)


def _revived(value: dict[str, Any]) -> Any:
    """Return the moment that an object of JSON stands for, or the object."""
    if set(value) == {"utc"}:
        with contextlib.suppress(ValueError, TypeError):
            return datetime.fromisoformat(value["utc"])
    return value
