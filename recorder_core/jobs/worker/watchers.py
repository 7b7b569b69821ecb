"""Send what a running job shows to the people who watch it; none of them slows the job."""

from __future__ import annotations

import json
import socket
import threading
import time
from collections.abc import Mapping
from contextlib import ExitStack, suppress
from types import TracebackType
from typing import Any, Final, Self

from recorder_core.catalog import Action, User, require
from recorder_core.errors import NotAllowed, RecorderError, SettingsError, WrongState
from recorder_core.jobs.archive.access.session import Session
from recorder_core.jobs.archive.queue.calling import error_content
from recorder_core.jobs.archive.queue.job_kind import JobKind
from recorder_core.jobs.archive.queue.pieces import (
    MAX_PREVIEW_BYTES,
    MAX_STATE_BYTES,
    PieceKind,
    end_bytes,
    piece_bytes,
)
from recorder_core.jobs.worker.calls import Call, CallListener

__all__ = ["Watchers"]

#: beside those who call to command; each has a thread
_MAX_WATCHERS: Final = 8
#: how often it is asked whether a person may still watch
_ASK_SECONDS: Final = 2.0
#: who takes nothing for so long has gone
_STALLED_SECONDS: Final = 30.0
#: what waits in the system for a slow watcher is old: little of it
_WAITING_BYTES: Final = 65_536
#: so long the last state and the end may take to leave
_LAST_SECONDS: Final = 5.0
_JPEG_BEGIN: Final = b"\xff\xd8\xff"


class Watchers:
    """The people who watch a job, where its kind can be watched; a context manager.

    The newest state and the newest preview are kept, and nothing else: each watcher has a thread
    that sends what is new since the last piece.

    Parameters
    ----------
    session : Session
        Of the archive, open as who asked for the job.
    job_id : str
        Which job.
    kind : JobKind
        Whether it can be watched.
    """

    def __init__(self, session: Session, job_id: str, kind: JobKind) -> None:
        self._session, self._job_id, self._kind = session, job_id, kind
        self._changed = threading.Condition()
        #: kind of piece -> how many there were, and the newest
        self._newest: dict[PieceKind, tuple[int, bytes]] = {}
        self._count, self._is_over = 0, False
        self._listening = ExitStack()

    @property
    def count(self) -> int:
        """How many watch."""
        return self._count

    def show(self, state: Mapping[str, Any] | None, preview: bytes | None) -> None:
        """Keep what is new, and wake who sends it; see `RunningJob.show`."""
        found: dict[PieceKind, bytes] = {}
        if state is not None:
            found[PieceKind.STATE] = _state_bytes(state)
        if preview is not None:
            found[PieceKind.PREVIEW] = _checked_preview(preview)
        with self._changed:
            for kind, content in found.items():
                number, _ = self._newest.get(kind, (0, b""))
                self._newest[kind] = (number + 1, content)
            self._changed.notify_all()

    def __enter__(self) -> Self:
        if self._kind.state is not None:
            self._listening.enter_context(CallListener("watch", self._job_id, self._serve))
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._listening.close()
        with self._changed:
            self._is_over = True
            self._changed.notify_all()
            self._changed.wait_for(lambda: not self._count, _LAST_SECONDS)

    def _serve(self, call: Call) -> None:
        """Check who calls, and send until the job ends, or the person goes or may not."""
        try:
            user, _ = call.check(self._session)
            require(user.profile, Action.VIEW_PREVIEW)
            self._join()
        except RecorderError as error:
            call.reply(error_content(error))
            return
        try:
            call.reply({"answer": "watching"})
            with suppress(OSError):  # who watched has gone
                self._send_all(_Watcher(call.connection, self._session, user))
        finally:
            with self._changed:
                self._count -= 1
                self._changed.notify_all()

    def _join(self) -> None:
        with self._changed:
            if self._is_over or self._count >= _MAX_WATCHERS:
                raise WrongState(
                    f"job {self._job_id} ends just now"
                    if self._is_over
                    else f"job {self._job_id} already has {self._count} viewers, the maximum: "
                    "close another page that watches it"
                )
            self._count += 1

    def _send_all(self, watcher: _Watcher) -> None:
        """Send what is new, as long as there is something; OSError once nobody takes it."""
        with self._changed:
            seen = {PieceKind.PREVIEW: self._newest.get(PieceKind.PREVIEW, (0, b""))[0]}
        try:
            while (pieces := self._wait(seen)) is not None:
                for piece in pieces or [piece_bytes(PieceKind.BEAT)]:
                    watcher.send(piece)
            watcher.send(end_bytes())
        except RecorderError as error:
            watcher.send_last(end_bytes(error))

    def _wait(self, seen: dict[PieceKind, int]) -> list[bytes] | None:
        """Return what is newer than what was seen, nothing after a while, None at the end."""

        def is_new() -> bool:
            return self._is_over or any(
                number > seen.get(kind, 0) for kind, (number, _) in self._newest.items()
            )

        with self._changed:
            self._changed.wait_for(is_new, _ASK_SECONDS)
            new = [kind for kind in self._newest if self._newest[kind][0] > seen.get(kind, 0)]
            seen |= {kind: self._newest[kind][0] for kind in new}
            if self._is_over and not new:
                return None
            return [piece_bytes(kind, self._newest[kind][1]) for kind in sorted(new)]


class _Watcher:
    """A person who watches; OSError of its methods says that nobody is there any more."""

    def __init__(self, connection: socket.socket, session: Session, user: User) -> None:
        self._connection, self._session, self._user = connection, session, user
        self._asked = time.monotonic()
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, _WAITING_BYTES)
        connection.settimeout(_ASK_SECONDS)

    def send(self, piece: bytes) -> None:
        """Send a piece, also while it is taken slowly, as long as the person may watch.

        Raises
        ------
        NotAllowed
            If the person may not, between pieces: what has begun cannot become an error.
        """
        self._ask()
        rest, taken = memoryview(piece), time.monotonic()
        while rest:
            try:
                rest = rest[self._connection.send(rest) :]
                taken = time.monotonic()
            except TimeoutError:
                if time.monotonic() - taken > _STALLED_SECONDS:
                    raise
            if rest:
                self._ask_inside()

    def send_last(self, piece: bytes) -> None:
        """Send why there is no more."""
        self._connection.sendall(piece)

    def _ask_inside(self) -> None:
        """Raise ConnectionError where the person may not have the rest of a piece."""
        try:
            self._ask()
        except RecorderError as error:
            raise ConnectionAbortedError("the person may not watch any more") from error

    def _ask(self) -> None:
        """Raise NotAllowed, each time some seconds have gone, if the person may not watch."""
        if time.monotonic() - self._asked < _ASK_SECONDS:
            return
        user = self._session.vouched_user(self._user.user_id)
        if user.is_disabled or user.verify_key != self._user.verify_key:
            raise NotAllowed("this user is disabled, or has another key now: sign in again")
        require(user.profile, Action.VIEW_PREVIEW)
        self._asked = time.monotonic()


def _state_bytes(state: Mapping[str, Any]) -> bytes:
    """Return a state as it is sent; SettingsError if it cannot be."""
    try:
        content = json.dumps(dict(state), allow_nan=False).encode("ascii")
    except (TypeError, ValueError, RecursionError) as error:
        raise SettingsError("a state must be what JSON can hold") from error
    if len(content) > MAX_STATE_BYTES:
        raise SettingsError(f"a state may be at most {MAX_STATE_BYTES} bytes")
    return content


def _checked_preview(preview: bytes) -> bytes:
    if not preview.startswith(_JPEG_BEGIN):
        raise SettingsError("a preview must be a picture as JPEG")
    if len(preview) > MAX_PREVIEW_BYTES:
        raise SettingsError(f"a preview may be at most {MAX_PREVIEW_BYTES} bytes")
    return bytes(preview)
