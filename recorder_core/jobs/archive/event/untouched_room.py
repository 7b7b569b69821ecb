"""The view of an event's room as it was seen, where the recording shows it de-identified."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from recorder_core.errors import WrongState
from recorder_core.jobs.archive.access.session import Session
from recorder_core.jobs.archive.event.event import ArchivedEvent
from recorder_core.jobs.inputs.untouched_room import UntouchedRoom, untouched_room
from recorder_core.model import View

__all__ = ["has_untouched_room", "open_untouched_room", "recorded_room_view"]


def has_untouched_room(event: ArchivedEvent) -> bool:
    """Return whether the view of the room was recorded as it was seen, beside the video."""
    return any(row.role == "room" for row in event.files())


@contextmanager
def open_untouched_room(session: Session, event: ArchivedEvent) -> Iterator[UntouchedRoom | None]:
    """Yield the view of the room as it was seen; None where an event has none.

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
    with event.open_video("room") as video:
        yield untouched_room(video, place)


def recorded_room_view(session: Session, event_id: str) -> View | None:
    """Return where the room lies in an event; None where nobody said it.

    Raises
    ------
    AuditError
        If it was changed outside this program.
    """
    session.catalog.check_stated([f"event_views {event_id}"])
    return session.catalog.views.room(event_id)
