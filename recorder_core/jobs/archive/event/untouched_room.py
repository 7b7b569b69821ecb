"""The view of an event's room as it was seen, where the recording shows it de-identified."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import replace
from typing import Final

from recorder_core.errors import (
    ArchiveTruncated,
    DataError,
    DecodeError,
    HeaderDamaged,
    PayloadDamaged,
    RecorderError,
    WrongState,
)
from recorder_core.jobs.archive.access.session import Session
from recorder_core.jobs.archive.event.event import ArchivedEvent
from recorder_core.jobs.inputs.untouched_room import UntouchedRoom, untouched_room
from recorder_core.jobs.progress import Say
from recorder_core.model import View
from recorder_core.tables import DetectionTable, TableContent, read_detections

__all__ = [
    "has_untouched_room",
    "open_untouched_room",
    "recorded_room_view",
    "untouched_room_to_search",
]

_UNREADABLE: Final[tuple[type[RecorderError], ...]] = (
    ArchiveTruncated,
    DataError,
    DecodeError,
    HeaderDamaged,
    PayloadDamaged,
)


def has_untouched_room(event: ArchivedEvent) -> bool:
    """Return whether the view of the room was recorded as it was seen, beside the video."""
    return any(row.role == "room" for row in event.files())


@contextmanager
def open_untouched_room(
    session: Session, event: ArchivedEvent, *, salvage: bool = False
) -> Iterator[UntouchedRoom | None]:
    """Yield the view of the room as it was seen; None where an event has none.

    Parameters
    ----------
    session : Session
        Of who may see originals.
    event : ArchivedEvent
        Any.
    salvage : bool
        Take what decodes of a damaged one.

    Raises
    ------
    AuditError
        If the place of the room was changed outside this program.
    NotAllowed
        If the profile may not see originals.
    NoKeyMatches
        If this person cannot open it.
    WrongState
        If nobody knows its place.
    SettingsError
        If it is not as large as its place.
    """
    if not has_untouched_room(event):
        yield None
        return
    place = recorded_room_view(session, event.event_id)
    if place is None:
        raise WrongState(
            f"event {event.event_id} does not say where its room lies: say it with 'workbench "
            f"event view {event.event_id}'"
        )
    with event.open_video("room", salvage=salvage) as video:
        yield untouched_room(video, place)


@contextmanager
def untouched_room_to_search(
    session: Session, event: ArchivedEvent, *, salvage: bool, say: Say
) -> Iterator[UntouchedRoom | None]:
    """Yield the view of the room as it was seen, and what was hidden of it meanwhile.

    Where one of them cannot be read there is none: the recording shows the room de-identified.

    Parameters
    ----------
    session : Session
        Of who may see originals.
    event : ArchivedEvent
        Any.
    salvage : bool
        Take what decodes of a damaged one.
    say : callable
        Called with a sentence where it cannot be read.

    Raises
    ------
    RecorderError
        As `open_untouched_room`.
    """
    with ExitStack() as opened:
        room = None
        try:
            room = opened.enter_context(open_untouched_room(session, event, salvage=salvage))
            if room is not None:
                room = replace(room, detections=_recorded_detections(session, event))
        except _UNREADABLE as error:
            room = None
            say(
                f"the room as it was seen cannot be put back ({error}): the copy is made of the "
                "video, in which the room was de-identified while it was recorded"
            )
        yield room


def recorded_room_view(session: Session, event_id: str) -> View | None:
    """Return where the room lies in an event; None where nobody said it.

    Raises
    ------
    AuditError
        If it was changed outside this program.
    """
    session.catalog.check_stated([f"event_views {event_id}"])
    return session.catalog.views.room(event_id)


def _recorded_detections(session: Session, event: ArchivedEvent) -> DetectionTable:
    """Return what was found while an event was recorded, not what was found for its copy.

    Raises
    ------
    DataError
        If there is nothing.
    """
    event_id = event.event_id
    rows = session.catalog.contents.files(event_id, "detections")
    if any(row.role == "deidentified" for row in event.files()):
        rows = rows[:-1]
    if not rows:
        raise DataError(f"event {event_id} has no detections of its recording")
    needs = session.read_needs(event_id, "detections")
    with session.audited(needs, event_id, detail=f"role:detections file:{rows[0].file_id}"):
        with session.open_sealed(session.stored(rows[0])) as file:
            content = TableContent(f"the detections of event {event_id}", file.readall())
        return read_detections(content)
