"""Command a running job from any process of the archive, as anyone whose profile permits it.

A job whose kind takes commands listens while it runs, at an abstract socket (unix(7)) that its id
names: the socket goes with the process, and whoever opens the archive finds it, also after the
server was started again. Who calls checks that the process which the catalog names is at the other
end. The job notes the moment of the call and gives a challenge; a person signs it together with the
command, so that nobody gives one in another's name, or a second time. A command that waited, as at
a server, says since when; the job believes that within bounds.
"""

from __future__ import annotations

import json
import socket
import struct
from collections.abc import Mapping
from dataclasses import dataclass, field
from types import TracebackType
from typing import Any, Final, Self

from recorder_core.catalog import Actor, Job
from recorder_core.errors import (
    ArchiveError,
    CatalogError,
    NotAllowed,
    RecorderError,
    SettingsError,
    WrongState,
)
from recorder_core.jobs.archive.process.process_code import process_code

__all__ = [
    "MAX_LINE_BYTES",
    "JobCall",
    "JobCommand",
    "command_address",
    "error_content",
    "json_line",
    "peer_of",
    "signed_text",
]

#: of what one says to the other; a note of many pages fits
MAX_LINE_BYTES: Final = 65_536
#: how long a job may take for what it is told, such as to seal a picture
_ANSWER_SECONDS: Final = 60.0
#: no row of the log has such a text
_SIGNED: Final = "job command {} {} {}"
#: process, user and group: struct ucred of unix(7)
_PEER: Final = struct.Struct("3i")
#: what a job refuses a command with
_REFUSALS: Final[Mapping[str, type[RecorderError]]] = {
    each.__name__: each
    for each in (ArchiveError, CatalogError, NotAllowed, SettingsError, WrongState)
}


@dataclass(frozen=True, slots=True)
class JobCommand:
    """A command of a person to a running job.

    Attributes
    ----------
    name : str
        One of the commands of its kind.
    arguments : mapping
        As its schema says; names of people may be in it.
    by : str
        User id of who gives it; the profile was asked.
    arrived_seconds : float
        When a person's request arrived, on the monotonic clock of this machine: at the job, or
        up to ten seconds before at a process that passed it on.
    """

    name: str
    arguments: Mapping[str, Any] = field(repr=False)
    by: str
    arrived_seconds: float


def command_address(job_id: str) -> str:
    """Return where a job listens."""
    return f"\0surgery-workbench-job-{job_id}"


def signed_text(job_id: str, challenge: str, payload: str) -> str:
    """Return what a person signs of a command."""
    return _SIGNED.format(job_id, challenge, payload)


def peer_of(connection: socket.socket) -> tuple[int, int]:
    """Return the ids of the process and of the system user at the other end."""
    raw = connection.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, _PEER.size)
    process, user, _ = _PEER.unpack(raw)
    return process, user


def json_line(content: Mapping[str, Any]) -> bytes:
    """Return what one says to the other, as it is sent."""
    return f"{json.dumps(content)}\n".encode("ascii")


def error_content(error: RecorderError) -> dict[str, str]:
    """Return what a job says of a command that it refuses."""
    names = (kind.__name__ for kind in type(error).__mro__)
    known = next((name for name in names if name in _REFUSALS), ArchiveError.__name__)
    return {"error": known, "sentence": str(error)}


class JobCall:
    """A running job that was called, and has noted the moment; a context manager.

    Parameters
    ----------
    job : Job
        Whose kind takes commands.

    Raises
    ------
    WrongState
        If it does not run, or does not answer.
    """

    def __init__(self, job: Job) -> None:
        if job.state != "running":
            raise WrongState(f"job {job.job_id} is {job.state}: it takes commands while it runs")
        self._job = job
        self._connection = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self._connection.settimeout(_ANSWER_SECONDS)
        try:
            self._connection.connect(command_address(job.job_id))
            self._check_peer()
            self._stream = self._connection.makefile("rb")
            self._challenge = str(self._read().get("challenge"))
        except (OSError, ValueError) as error:
            self._connection.close()
            raise WrongState(
                f"job {job.job_id} does not answer: it begins or ends just now; look at it with "
                "'workbench job list', and send it again"
            ) from error

    def send(
        self,
        actor: Actor,
        command: str,
        arguments: Mapping[str, Any],
        asked_seconds: float | None = None,
    ) -> Any:
        """Send a command, and return what the job answers.

        Parameters
        ----------
        actor : Actor
            Who gives it, able to sign.
        command : str
            One of those of the kind.
        arguments : mapping
            As its schema says.
        asked_seconds : float, optional
            When a person asked for it, on the monotonic clock; unless given, at the call.

        Raises
        ------
        SettingsError
            If the arguments are too long.
        RecorderError
            If the job refuses; WrongState if it does not answer.
        """
        if actor.sign is None:
            raise WrongState(
                "this archive has no signing keys yet, so a job cannot know who gives a command: "
                "have an administrator open it once"
            )
        payload = json.dumps(
            {
                "by": actor.user_id,
                "command": command,
                "arguments": dict(arguments),
                "asked_seconds": asked_seconds,
            }
        )
        signature = actor.sign(signed_text(self._job.job_id, self._challenge, payload))
        line = json_line({"payload": payload, "signature": signature})
        if len(line) > MAX_LINE_BYTES:
            raise SettingsError(f"{command} takes at most {MAX_LINE_BYTES} bytes; say less")
        try:
            self._connection.sendall(line)
            answer = self._read()
        except (OSError, ValueError) as error:
            raise WrongState(
                f"job {self._job.job_id} ended before it had answered: see what it has of "
                f"{command} before you send it again"
            ) from error
        if "error" in answer:
            raise _REFUSALS.get(str(answer["error"]), ArchiveError)(str(answer.get("sentence")))
        return answer.get("answer")

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._stream.close()
        self._connection.close()

    def _check_peer(self) -> None:
        """Raise OSError unless the process that the catalog names is at the other end."""
        if process_code(peer_of(self._connection)[0]) != self._job.worker:
            raise OSError("another process is at the other end")

    def _read(self) -> dict[str, Any]:
        """Return what the job says; OSError or ValueError if it says nothing."""
        content: dict[str, Any] = json.loads(self._stream.readline(MAX_LINE_BYTES))
        return content
