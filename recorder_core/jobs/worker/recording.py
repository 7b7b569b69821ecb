"""The job that records a room: driven by commands, watched while it runs."""

from __future__ import annotations

import json
import os
import time
from collections.abc import Callable, Mapping
from concurrent.futures import Future, TimeoutError as FutureTimeout
from contextlib import AbstractContextManager
from typing import Any, Final, TypeAlias

from recorder_core.catalog import Screenshot
from recorder_core.errors import SettingsError, WrongState
from recorder_core.jobs.archive.archive import Archive
from recorder_core.jobs.archive.names.event_names import EventNames
from recorder_core.jobs.archive.queue.commanding import JobCommand
from recorder_core.jobs.record.one_recorder import as_only_recorder
from recorder_core.jobs.record.ready import ReadyRoom
from recorder_core.jobs.record.recorder import RoomRecorder
from recorder_core.jobs.record.request import RecordRequest
from recorder_core.jobs.record.room.values import room_from_values
from recorder_core.jobs.record.starting import hold_room, record_room, show_room
from recorder_core.jobs.record.state import recorder_state
from recorder_core.jobs.worker.holding import wait_for_start
from recorder_core.jobs.worker.running_job import RunningJob
from recorder_core.jobs.worker.showing import Showing
from recorder_core.model.values.phrase import phrase

__all__ = ["record"]

_Opener: TypeAlias = Callable[[Archive, RecordRequest], AbstractContextManager[ReadyRoom]]
_POLL_SECONDS: Final = 0.05
#: how long the recording before may take to let go of its devices
_CLOSING_SECONDS: Final = 10.0
#: how videos are sealed again: the next recording goes first, between two MiB, too
_SEALING_NICENESS: Final = 10
_REST_SECONDS: Final = 0.02
#: how long a screenshot may take until its command is answered
_SCREENSHOT_SECONDS: Final = 25.0


def record(running: RunningJob) -> None:
    """Record a room until the job is asked to stop, its time is over, or no space is left.

    A room that is to be ready first is held until the command to start, and one of which a preview
    is wanted is shown. Where the job is stopped before the recording has begun, or nobody watches
    any more, nothing is recorded. The room is free for the next recording before the videos are
    sealed again.
    """
    settings, private = json.loads(running.job.settings), running.private
    request = RecordRequest(
        room=room_from_values(private["room"]),
        procedure_code=settings.get("procedure_code"),
        names=EventNames.from_dict(private.get("names", {})),
        duration_seconds=settings.get("duration_seconds"),
        room_name=settings.get("room_name", ""),
        seals_later=True,
    )
    folders = running.archive.folders
    with as_only_recorder(folders, request, wait_seconds=_CLOSING_SECONDS):
        recorder = _record_once(running, request, _opener(settings))
    if recorder is not None:
        os.nice(_SEALING_NICENESS)
        recorder.make_seekable(lambda: time.sleep(_REST_SECONDS))


def _opener(settings: Mapping[str, Any]) -> _Opener | None:
    """Return what opens the room before its start; None where it is recorded at once."""
    is_held, is_shown = settings.get("ready", False), settings.get("preview", False)
    if is_held and is_shown:
        raise SettingsError("a room is held or only shown: give ready or preview, not both")
    if is_held:
        return hold_room
    return show_room if is_shown else None


def _record_once(
    running: RunningJob, request: RecordRequest, opener: _Opener | None
) -> RoomRecorder | None:
    """Record a room; return what recorded it, or None if nothing was begun."""
    if opener is None:

        def is_wanted() -> bool:
            return not running.is_stop_requested

        with record_room(running.archive, request, is_wanted=is_wanted) as recorder:
            _record(running, recorder, request.duration_seconds)
        return recorder
    with (
        opener(running.archive, request) as room,
        wait_for_start(running, room, request) as started,
    ):
        if started is not None:
            _record(running, started, request.duration_seconds)
    return started


def _record(running: RunningJob, recorder: RoomRecorder, duration_seconds: float | None) -> None:
    running.name_event(recorder.event_id)
    showing = Showing(running, recorder.faults)
    with running.commands.answering(lambda command: _answer(recorder, command)):
        _run(running, recorder, showing, duration_seconds)
    showing.show_state(_state(running, recorder) | {"state": "finishing"})
    recorder.finish()


def _run(
    running: RunningJob, recorder: RoomRecorder, showing: Showing, duration_seconds: float | None
) -> None:
    """Show how it is, until it is to end."""
    while recorder.wait(_POLL_SECONDS) and not running.is_stop_requested:
        was_due = showing.look(recorder, lambda: _state(running, recorder))
        if was_due and duration_seconds is not None:
            running.progress(round(recorder.seconds), round(duration_seconds))
    recorder.stop()


def _state(running: RunningJob, recorder: RoomRecorder) -> dict[str, Any]:
    """Return how it is for who watches from elsewhere, who need not know where the archive lies."""
    state, folders = recorder_state(recorder), running.archive.folders
    return state | {"faults": [folders.without_places(each) for each in state["faults"]]}


def _answer(recorder: RoomRecorder, command: JobCommand) -> Any:
    return _COMMANDS[command.name](recorder, command)


def _start(recorder: RoomRecorder, command: JobCommand) -> None:  # noqa: ARG001 - as the others
    raise WrongState(phrase("rec_already", "the room is being recorded already"))


def _mark(recorder: RoomRecorder, command: JobCommand) -> dict[str, Any]:
    marker = recorder.mark(
        command.arguments["kind"],
        asked_seconds=command.arrived_seconds,
        note=command.arguments.get("note"),
        by=command.by,
    )
    return {"marker": marker.marker_id, "seconds": marker.start_seconds}


def _take_screenshot(recorder: RoomRecorder, command: JobCommand) -> Callable[[], dict[str, Any]]:
    taken = recorder.take_screenshot(
        asked_seconds=command.arrived_seconds, note=command.arguments.get("note"), by=command.by
    )
    # a pause that is asked for meanwhile waits for no disk
    return lambda: _described(taken)


def _described(taken: Future[Screenshot]) -> dict[str, Any]:
    try:
        shot = taken.result(_SCREENSHOT_SECONDS)
    except FutureTimeout:
        raise WrongState(
            phrase("rec_slow", "the disk is slow: the screenshot is taken, but not stored yet")
        ) from None
    return {
        "screenshot": shot.screenshot_id,
        "seconds": shot.at_seconds,
        "frame": shot.frame_index,
    }


def _pause(recorder: RoomRecorder, command: JobCommand) -> None:
    recorder.pause(asked_seconds=command.arrived_seconds)


def _resume(recorder: RoomRecorder, command: JobCommand) -> None:
    recorder.resume(asked_seconds=command.arrived_seconds, by=command.by)


def _describe(recorder: RoomRecorder, command: JobCommand) -> None:
    recorder.describe(EventNames.from_dict(command.arguments))


#: name of a command -> what carries it out
_COMMANDS: Final[Mapping[str, Callable[[RoomRecorder, JobCommand], Any]]] = {
    "start": _start,
    "mark": _mark,
    "screenshot": _take_screenshot,
    "pause": _pause,
    "resume": _resume,
    "describe": _describe,
}
