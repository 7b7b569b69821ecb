"""Hold or show a room for a job until somebody starts its recording."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import FIRST_COMPLETED, Future, wait
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass, field, replace
from queue import Empty, SimpleQueue
from typing import Any, Final

from recorder_core.errors import CatalogError, NotAllowed, RecorderError, WrongState
from recorder_core.jobs.archive.acting import session_of
from recorder_core.jobs.archive.names.event_names import EventNames
from recorder_core.jobs.archive.queue.commanding import JobCommand
from recorder_core.jobs.record.ready import ReadyRoom
from recorder_core.jobs.record.recorder import RoomRecorder
from recorder_core.jobs.record.request import RecordRequest
from recorder_core.jobs.record.state import held_state
from recorder_core.jobs.worker.running_job import RunningJob
from recorder_core.jobs.worker.showing import Showing

__all__ = ["wait_for_start"]

_POLL_SECONDS: Final = 0.05
#: what nobody looks at for so long is not held any more, or not shown: its cameras are open
_UNWATCHED_SECONDS: Final = 900.0
_UNWATCHED_PREVIEW_SECONDS: Final = 180.0
#: how often it is asked whether who holds it may still record
_PERSON_SECONDS: Final = 2.0
_NOT_ALLOWED: Final = (
    "who opened this room is disabled, or has another profile now, so that it is closed, and "
    "what is held is forgotten: open the room anew"
)


@contextmanager
def wait_for_start(
    running: RunningJob,
    room: ReadyRoom,
    request: RecordRequest,
    clock: Callable[[], float] = time.monotonic,
) -> Iterator[RoomRecorder | None]:
    """Show a room that is open until its recording is started, and lend what records it.

    A start is answered once the recording has begun. One that fails is answered with the reason,
    and the room is still open, unless who opened it may not record any more.

    Parameters
    ----------
    running : RunningJob
        That records it.
    room : ReadyRoom
        Held or shown.
    request : RecordRequest
        What is recorded, unless who starts it says something else.
    clock : callable, optional
        `time.monotonic`.

    Yields
    ------
    RoomRecorder or None
        Of the recording, which has begun; None: it was stopped before, or nobody has watched for a
        quarter of an hour, three minutes where it is only shown.

    Raises
    ------
    RecorderError
        If it cannot be open any more.
    NotAllowed
        If who opened it was disabled, or has another profile.
    """
    starts, ended = SimpleQueue[_Start](), Future[None]()

    def answer(command: JobCommand) -> None:
        start = _asked_start(command, request)
        starts.put(start)
        wait([start.begun, ended], return_when=FIRST_COMPLETED)
        if not start.begun.done():
            raise WrongState("the room is not open any more: open it anew")
        start.begun.result()

    with ExitStack() as recording:
        with running.commands.answering(answer):
            try:
                recorder = _hold(running, room, starts, recording, clock)
            finally:
                ended.set_result(None)  # who waits for an answer has one
        yield recorder


@dataclass(frozen=True, slots=True)
class _Start:
    """A command to start, which waits for its answer."""

    arguments: Mapping[str, Any] = field(repr=False)
    begun: Future[None] = field(default_factory=Future)


def _asked_start(command: JobCommand, request: RecordRequest) -> _Start:
    """Return what a command starts; WrongState or SettingsError if it starts nothing."""
    if command.name != "start":
        raise WrongState("the recording has not begun: start it first")
    code = command.arguments.get("procedure_code") or request.procedure_code
    _ = replace(request, procedure_code=code).needed_procedure_code
    names = command.arguments.get("names")
    named = {} if names is None else {"names": EventNames.from_dict(names)}
    return _Start({"procedure_code": code} | named)


def _hold(
    running: RunningJob,
    room: ReadyRoom,
    starts: SimpleQueue[_Start],
    recording: ExitStack,
    clock: Callable[[], float],
) -> RoomRecorder | None:
    """Show a room until its recording has begun, in `recording`; None if nobody starts it."""
    faults, asked, watched = list[str](), clock(), clock()
    showing = Showing(running, faults)
    is_held = room.shown_seconds is None
    unwatched_seconds = _UNWATCHED_SECONDS if is_held else _UNWATCHED_PREVIEW_SECONDS
    while True:
        room.wait(_POLL_SECONDS)
        if running.is_stop_requested:
            return None
        with suppress(Empty):
            recorder = _begin(room, starts.get_nowait(), recording)
            if recorder is not None:
                return recorder
        now = clock()
        if now - asked >= _PERSON_SECONDS:
            asked = now
            _check_person(running)
        watched = now if running.has_watchers else watched
        if now - watched > unwatched_seconds:
            return None
        showing.look(room, lambda: held_state(room) | {"faults": faults})


def _begin(room: ReadyRoom, start: _Start, recording: ExitStack) -> RoomRecorder | None:
    """Begin the recording and answer; None: it could not begin, and the room is still open."""
    try:
        recorder = recording.enter_context(room.begin(**start.arguments))
    except NotAllowed as error:
        start.begun.set_exception(NotAllowed(_NOT_ALLOWED))
        raise NotAllowed(_NOT_ALLOWED) from error
    except RecorderError as error:
        start.begun.set_exception(error)
        return None
    start.begun.set_result(None)
    return recorder


def _check_person(running: RunningJob) -> None:
    """Raise NotAllowed if who opened the room may not record any more."""
    try:
        session_of(running.archive).check_person()
    except NotAllowed as error:
        raise NotAllowed(_NOT_ALLOWED) from error
    except CatalogError:  # a disk that is full or busy for a moment
        pass
