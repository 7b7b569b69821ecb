"""Call a running job: whoever opens the archive finds it, and both sides check who is there.

A job listens while it runs, at abstract sockets (unix(7)) that its id names: a socket goes with the
process, and is found also after the server was started again. Who calls checks that the process
which the catalog names is at the other end. The job gives a challenge; a person signs it together
with what is asked, so that nobody asks in another's name, or a second time.
"""

from __future__ import annotations

import json
import socket
import struct
from collections.abc import Callable, Mapping
from functools import partial
from types import TracebackType
from typing import Any, Final, Literal, Self, TypeAlias

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
from recorder_core.model.values.phrase import error_text, said, said_again

__all__ = [
    "MAX_LINE_BYTES",
    "Channel",
    "JobConnection",
    "call_address",
    "error_content",
    "json_line",
    "peer_of",
    "raise_refusal",
    "signed_text",
]

#: what a job is called for; each has an address, and signatures, of its own
Channel: TypeAlias = Literal["command", "watch"]
#: of what one says to the other; a note of many pages fits
MAX_LINE_BYTES: Final = 65_536
#: how long a job may take for what it is told, such as to seal a picture
_ANSWER_SECONDS: Final = 60.0
#: where a job takes commands and is watched
_ADDRESSES: Final[Mapping[Channel, str]] = {
    "command": "\0surgery-workbench-job-{}",
    "watch": "\0surgery-workbench-watch-{}",
}
#: no row of the log has such a text
_SIGNED: Final = "job {} {} {} {}"
#: process, user and group: struct ucred of unix(7)
_PEER: Final = struct.Struct("3i")
#: what a job refuses a call with
_REFUSALS: Final[Mapping[str, type[RecorderError]]] = {
    each.__name__: each
    for each in (ArchiveError, CatalogError, NotAllowed, SettingsError, WrongState)
}


def call_address(channel: Channel, job_id: str) -> str:
    """Return where a job listens."""
    return _ADDRESSES[channel].format(job_id)


def signed_text(channel: Channel, job_id: str, challenge: str, payload: str) -> str:
    """Return what a person signs of a call."""
    return _SIGNED.format(channel, job_id, challenge, payload)


def peer_of(connection: socket.socket) -> tuple[int, int]:
    """Return the ids of the process and of the system user at the other end."""
    raw = connection.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, _PEER.size)
    process, user, _ = _PEER.unpack(raw)
    return process, user


def json_line(content: Mapping[str, Any]) -> bytes:
    """Return what one says to the other, as it is sent."""
    return f"{json.dumps(content)}\n".encode("ascii")


def error_content(error: RecorderError) -> dict[str, Any]:
    """Return what a job says of a call that it refuses."""
    names = (kind.__name__ for kind in type(error).__mro__)
    known = next((name for name in names if name in _REFUSALS), ArchiveError.__name__)
    text = error_text(error)
    return {"error": known, "sentence": str(text), "said": said(text)}


def raise_refusal(content: Mapping[str, Any]) -> None:
    """Raise what a job refuses a call with; nothing where it does not."""
    if "error" in content:
        sentence = said_again(str(content.get("sentence")), content.get("said"))
        raise _REFUSALS.get(str(content["error"]), ArchiveError)(sentence)


class JobConnection:
    """A connection to a running job, which has given its challenge; a context manager.

    Parameters
    ----------
    job : Job
        Whose kind is called for this.
    channel : {"command", "watch"}
        What for.

    Raises
    ------
    WrongState
        If it does not run, or does not answer.
    """

    def __init__(self, job: Job, channel: Channel) -> None:
        self._job, self._channel = job, channel
        self._connection = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self._connection.settimeout(_ANSWER_SECONDS)
        try:
            self._connection.connect(call_address(channel, job.job_id))
            self._check_peer()
            self._stream = self._connection.makefile("rb")
            self._challenge = str(self._read_line().get("challenge"))
        except (OSError, ValueError) as error:
            self._connection.close()
            raise WrongState(
                f"job {job.job_id} does not answer: it begins or ends just now; look at it with "
                "'workbench job list', and send it again"
            ) from error

    def prepare(self, actor: Actor, name: str, content: Mapping[str, Any]) -> Callable[[], Any]:
        """Sign what is asked; nothing is sent yet, and nobody waited for.

        Parameters
        ----------
        actor : Actor
            Who asks, able to sign.
        name : str
            What is asked, for messages.
        content : mapping
            What is asked, as JSON can hold it.

        Returns
        -------
        callable
            Sends it, waits, and returns what the job answers. It raises what the job refuses it
            with, and WrongState if the job does not answer.

        Raises
        ------
        SettingsError
            If it is too long.
        WrongState
            If this person has no signing key.
        """
        if actor.sign is None:
            raise WrongState(
                "this archive has no signing keys yet, so a job cannot know who calls it: have an "
                "administrator open it once"
            )
        payload = json.dumps({"by": actor.user_id, **content})
        signed = signed_text(self._channel, self._job.job_id, self._challenge, payload)
        line = json_line({"payload": payload, "signature": actor.sign(signed)})
        if len(line) > MAX_LINE_BYTES:
            raise SettingsError(f"{name} may be at most {MAX_LINE_BYTES} bytes")
        return partial(self._send, name, line)

    def read(self, size: int) -> bytes:
        """Return the next bytes that the job sends; fewer once it has ended."""
        try:
            return self._stream.read(size)
        except (OSError, ValueError):  # it says nothing any more, or this was closed
            return b""

    def close(self) -> None:
        """Close the connection."""
        self._stream.close()
        self._connection.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def _send(self, name: str, line: bytes) -> Any:
        try:
            self._connection.sendall(line)
            answer = self._read_line()
        except (OSError, ValueError) as error:
            raise WrongState(
                f"job {self._job.job_id} ended before it had answered: see what it has of "
                f"{name} before you send it again"
            ) from error
        raise_refusal(answer)
        return answer.get("answer")

    def _check_peer(self) -> None:
        """Raise OSError unless the process that the catalog names is at the other end."""
        if process_code(peer_of(self._connection)[0]) != self._job.worker:
            raise OSError("another process is at the other end")

    def _read_line(self) -> dict[str, Any]:
        """Return what the job says; OSError or ValueError if it says nothing."""
        content: dict[str, Any] = json.loads(self._stream.readline(MAX_LINE_BYTES))
        return content
