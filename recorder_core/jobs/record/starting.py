"""Begin to record a room, or to hold its last seconds until somebody does."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager

from recorder_core.catalog import Action
from recorder_core.errors import Cancelled, SettingsError
from recorder_core.jobs.archive import Archive
from recorder_core.jobs.archive.acting import acting
from recorder_core.jobs.record.assembling import assemble_parts, plan_recording
from recorder_core.jobs.record.live.face_search import FaceFinder
from recorder_core.jobs.record.ready import ReadyRoom
from recorder_core.jobs.record.recorder import RoomRecorder
from recorder_core.jobs.record.request import RecordRequest
from recorder_core.jobs.record.room.opening import open_sources
from recorder_core.jobs.record.room.sources import RoomSources

__all__ = ["hold_room", "record_room", "show_room"]


@contextmanager
def record_room(
    archive: Archive,
    request: RecordRequest,
    sources: RoomSources | None = None,
    finder: FaceFinder | None = None,
    *,
    is_wanted: Callable[[], bool] = lambda: True,
) -> Iterator[RoomRecorder]:
    """Begin to record a room, and lend what records it; call `finish` at the end.

    A block that ends without that leaves an incomplete recording, whatever ended it: what is there
    is saved with ``workbench event finalise``.

    Parameters
    ----------
    archive : Archive
        Open, for an operator.
    request : RecordRequest
        What is recorded.
    sources : RoomSources, optional
        Not started yet; unless given, those of the room.
    finder : FaceFinder, optional
        Finds the faces of the view of the room; unless given, the usual detector.
    is_wanted : callable, optional
        Asked once the sources are open, before there is an event.

    Raises
    ------
    Cancelled
        If it was not wanted any more.
    SettingsError
        If nobody says what is done.
    NotAllowed
        If the profile may not record.
    ArchiveError
        If there is too little space, or nothing can be written.
    EncodeError
        If the encoder cannot be opened on this machine.
    """
    _ = request.needed_procedure_code
    with _opened(archive, request, sources, finder) as room:
        if not is_wanted():
            raise Cancelled("Nothing was recorded.")
        with room.begin() as recorder:
            yield recorder


@contextmanager
def hold_room(
    archive: Archive,
    request: RecordRequest,
    sources: RoomSources | None = None,
    finder: FaceFinder | None = None,
) -> Iterator[ReadyRoom]:
    """Open a room, hold its last seconds in memory, and lend what a recording begins from.

    What is held and not begun is forgotten at the end: no disk ever has it. Parameters as of
    `record_room`.

    Raises
    ------
    SettingsError
        If nothing of this room is to be held.
    NotAllowed
        If the profile may not record.
    ArchiveError
        If there is too little space for a recording.
    EncodeError
        If the encoder cannot be opened on this machine.
    """
    if not request.room.pre_record_seconds:
        raise SettingsError(
            "nothing of this room is held before its start: write pre_record_seconds in [video] of "
            "its file"
        )
    with (
        acting(archive, Action.RECORD, detail="ready"),
        _opened(archive, request, sources, finder) as room,
    ):
        room.hold()
        yield room


@contextmanager
def show_room(
    archive: Archive,
    request: RecordRequest,
    sources: RoomSources | None = None,
    finder: FaceFinder | None = None,
) -> Iterator[ReadyRoom]:
    """Open a room so that its picture can be seen, and lend what a recording begins from.

    Nothing of it is encoded or held, and no disk has any of it, before that begins. What is hidden
    while it is recorded is hidden here, too. Parameters as of `record_room`.

    Raises
    ------
    NotAllowed, ArchiveError, EncodeError
        As `hold_room`.
    """
    with (
        acting(archive, Action.RECORD, detail="preview"),
        _opened(archive, request, sources, finder) as room,
    ):
        room.show()
        yield room


@contextmanager
def _opened(
    archive: Archive,
    request: RecordRequest,
    sources: RoomSources | None,
    finder: FaceFinder | None,
) -> Iterator[ReadyRoom]:
    """Open the sources of a room, of which nothing is captured yet."""
    plan = plan_recording(request, finder)
    plan.guard.check_start(archive.folders.roots())
    found = open_sources(request.room) if sources is None else sources
    with ExitStack() as stack:
        for source in found:
            stack.enter_context(source)
        ready = ReadyRoom(archive, request, found, assemble_parts(plan, found))
        stack.callback(ready.close)
        yield ready
