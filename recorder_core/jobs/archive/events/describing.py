"""Say more about an event: markers, and the devices that recorded it."""

from __future__ import annotations

from dataclasses import dataclass, field

from recorder_core.catalog import Action, EventDevice, Marker
from recorder_core.catalog.model.codes import new_id
from recorder_core.errors import SettingsError
from recorder_core.jobs.archive.acting import acting_on, find_on
from recorder_core.jobs.archive.archive import Archive
from recorder_core.jobs.archive.event.event import ArchivedEvent
from recorder_core.jobs.archive.files.notes import put_note
from recorder_core.jobs.archive.marker_kinds import refuse_kind_of_recorder

__all__ = ["DeviceFacts", "add_device", "check_inside", "mark_event"]


@dataclass(frozen=True, slots=True, kw_only=True)
class DeviceFacts:
    """What is known of a device that recorded an event.

    Attributes
    ----------
    kind : str
        Code: laparoscope, monitor, room-camera, bis-monitor, ...
    model : str or None
        Code of the model; stored in clear.
    serial_number : str or None
        Stored sealed, with the names: it identifies the hospital.
    frames_recorded, frames_dropped, frames_repeated : int or None
        None for a device without video, or where nobody counted.
    """

    kind: str
    model: str | None = None
    serial_number: str | None = field(default=None, repr=False)
    frames_recorded: int | None = None
    frames_dropped: int | None = None
    frames_repeated: int | None = None


def mark_event(
    archive: Archive,
    event: str,
    kind: str,
    *,
    start_seconds: float,
    stop_seconds: float | None = None,
    note: str | None = None,
) -> Marker:
    """Mark a moment or a span of an event.

    Parameters
    ----------
    archive : Archive
        Open, for an operator or a reviewer.
    event : str
        Its id, or a beginning of it that fits no other.
    kind : str
        Code, such as incision; stored in clear.
    start_seconds, stop_seconds : float
        From the start of the event; no stop for a moment.
    note : str, optional
        Free text; stored sealed, for those who can read the names.

    Raises
    ------
    NotAllowed
        If the profile may not.
    SettingsError
        If the time lies outside the event, or only a recorder sets markers of this kind.
    CatalogError
        If the kind is no code, or the span is none.
    """
    refuse_kind_of_recorder(kind)
    with acting_on(archive, event, Action.MARK) as (session, found):
        check_inside(found, start_seconds)
        check_inside(found, stop_seconds)
        with session.catalog.transaction():
            marker = session.catalog.contents.add_marker(
                found.event_id,
                kind,
                start_seconds=start_seconds,
                stop_seconds=stop_seconds,
                author=session.identity.actor.user_id,
            )
            put_note(session, found.event_id, f"marker:{marker.marker_id}", {"note": note})
    return marker


def add_device(archive: Archive, event: str, facts: DeviceFacts) -> EventDevice:
    """Note that a device recorded an event.

    Parameters
    ----------
    archive : Archive
        Open, for an operator or a reviewer.
    event : str
        Its id, or a beginning of it that fits no other.
    facts : DeviceFacts
        What is known of it.

    Raises
    ------
    NotAllowed
        If the profile may not.
    CatalogError
        If kind or model are no codes, or a count is negative.
    """
    session, found = find_on(archive, event, Action.WRITE_IDENTITY)
    device = EventDevice(
        device_id=new_id(),
        event_id=found.event_id,
        kind=facts.kind,
        model=facts.model,
        frames_recorded=facts.frames_recorded,
        frames_dropped=facts.frames_dropped,
        frames_repeated=facts.frames_repeated,
        author=session.identity.actor.user_id,
        created_utc=session.clock(),
    )
    note = {"serial_number": facts.serial_number}
    with (
        session.audited(Action.WRITE_IDENTITY, found.event_id, detail="device"),
        session.catalog.transaction(),
    ):
        session.catalog.contents.add_device(device)
        put_note(session, found.event_id, f"device:{device.device_id}", note)
    return device


def check_inside(event: ArchivedEvent, seconds: float | None) -> None:
    """Raise a SettingsError unless a time lies in the event."""
    duration = event.row.duration_seconds
    if seconds is not None and not 0 <= seconds <= (float("inf") if duration is None else duration):
        length = "still being recorded" if duration is None else f"{duration:.1f} s long"
        raise SettingsError(
            f"{seconds:.1f} s lies outside event {event.event_id}, which is {length}"
        )
