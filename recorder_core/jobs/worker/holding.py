"""Hold a room for a job until somebody starts its recording."""

from __future__ import annotations

import time
from contextlib import AbstractContextManager
from dataclasses import replace
from queue import Empty, SimpleQueue
from typing import Any, Final

from recorder_core.errors import WrongState
from recorder_core.jobs.archive.names.event_names import EventNames
from recorder_core.jobs.archive.queue.commanding import JobCommand
from recorder_core.jobs.record.ready import ReadyRoom
from recorder_core.jobs.record.recorder import RoomRecorder
from recorder_core.jobs.record.request import RecordRequest
from recorder_core.jobs.record.state import held_state
from recorder_core.jobs.worker.running_job import RunningJob

__all__ = ["wait_for_start"]

_POLL_SECONDS: Final = 0.05
_STATE_SECONDS: Final = 0.5
#: what nobody looks at for so long is not held any more: its cameras are open
_UNWATCHED_SECONDS: Final = 900.0


def wait_for_start(
    running: RunningJob, room: ReadyRoom, request: RecordRequest
) -> AbstractContextManager[RoomRecorder] | None:
    """Show a room that is held until its recording is started.

    Parameters
    ----------
    running : RunningJob
        That records it.
    room : ReadyRoom
        Held.
    request : RecordRequest
        What is recorded, unless who starts it says something else.

    Returns
    -------
    context manager of RoomRecorder, or None
        The recording, which begins when it is entered; None: it was stopped before, or nobody has
        watched for a quarter of an hour.

    Raises
    ------
    RecorderError
        If it cannot be held any more.
    """
    started: SimpleQueue[dict[str, Any]] = SimpleQueue()

    def answer(command: JobCommand) -> None:
        if command.name != "start":
            raise WrongState("the recording has not begun: start it first")
        code = command.arguments.get("procedure_code") or request.procedure_code
        _ = replace(request, procedure_code=code).needed_procedure_code
        names = command.arguments.get("names")
        started.put(
            {"procedure_code": code}
            | ({} if names is None else {"names": EventNames.from_dict(names)})
        )

    shown, watched = float("-inf"), time.monotonic()
    with running.commands.answering(answer):
        while not running.is_stop_requested:
            room.wait(_POLL_SECONDS)
            try:
                return room.begin(**started.get_nowait())
            except Empty:
                pass
            now = time.monotonic()
            watched = now if running.has_watchers else watched
            if now - watched > _UNWATCHED_SECONDS:
                return None
            preview = room.preview() if running.has_watchers else None
            is_due = now - shown >= _STATE_SECONDS
            if is_due or preview is not None:
                running.show(state=held_state(room) if is_due else None, preview=preview)
            shown = now if is_due else shown
    return None
