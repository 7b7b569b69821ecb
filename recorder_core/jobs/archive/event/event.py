"""One event of an open archive: what a notebook reads."""

from __future__ import annotations

import io
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from recorder_core.archive import SealedReader, read_any_key_file
from recorder_core.catalog import (
    Action,
    Event,
    EventFile,
    EventState,
    Marker,
    Review,
    Signal,
    StateChange,
    is_allowed,
)
from recorder_core.catalog.model.codes import check_code
from recorder_core.errors import (
    ArchiveTruncated,
    DataError,
    HeaderDamaged,
    NoKeyMatches,
    NotInCatalog,
    PayloadDamaged,
    SettingsError,
    WrongState,
)
from recorder_core.jobs.archive.access.session import Session
from recorder_core.jobs.archive.event.event_base import BaseEvent
from recorder_core.jobs.archive.event.incomplete import Incomplete
from recorder_core.jobs.archive.names.event_names import EventNames
from recorder_core.jobs.archive.place.event_lock import is_being_written
from recorder_core.jobs.archive.place.roles import (
    FileRole,
    VideoRole,
    file_media_type,
    role_of,
)
from recorder_core.jobs.archive.sealed_record import names_associated_data, open_record
from recorder_core.model import FrameTimes, View
from recorder_core.model.values.json_text import parse_json
from recorder_core.model.values.phrase import phrase

if TYPE_CHECKING:
    from recorder_core.jobs.archive.event.corrections import EventCorrections

__all__ = ["ArchivedEvent", "find_event", "find_names", "look_up_event"]


class ArchivedEvent(BaseEvent):
    """One event; every method asks the profile, and every reading of content is logged.

    Attributes
    ----------
    row : Event
        What the catalog says, without names.
    """

    def __init__(self, session: Session, row: Event) -> None:
        super().__init__(row)
        self._session = session

    @property
    def is_released(self) -> bool:
        """Whether somebody signed the de-identified copy off."""
        self._session.ask(Action.LIST_EVENTS)
        return self._session.is_released(self.event_id)

    def files(self) -> list[EventFile]:
        """Return the rows of the event's files that are complete; none of a deleted event."""
        self._session.ask(Action.LIST_EVENTS)
        if self.row.state is EventState.DELETED:
            return []
        return [
            row for row in self._session.catalog.contents.files(self.event_id) if row.is_complete
        ]

    def incomplete(self) -> Incomplete | None:
        """Return how much of a recording without its end is there; None of one that has it."""
        if self.row.state is not EventState.RECORDING:
            return None
        self._session.ask(Action.LIST_EVENTS)
        is_running = is_being_written(self._session.folders, self.event_id)
        rows = self._session.catalog.contents.files(self.event_id)
        roles = tuple(row.role for row in rows if not row.is_complete)
        return Incomplete(is_running, self._authentic_seconds(), roles)

    def names(self) -> EventNames:
        """Return the names of people and places.

        Raises
        ------
        NotAllowed
            If the profile may not read them.
        NoKeyMatches
            If they are not sealed to this person.
        """
        with self._session.audited(Action.READ_IDENTITY, self.event_id):
            self._refuse_deleted()
            return _read_names(self._session, self.event_id)

    def video(self, role: VideoRole = "original", *, incomplete: bool = False) -> io.BufferedReader:
        """Open a video as a seekable, read-only file object.

        Parameters
        ----------
        role : {"original", "deidentified", "room"}
            Which of them.
        incomplete : bool, default False
            Whether a video without its end will do: one that is being recorded, or that a crash
            cut off. It is what was durable at this moment.

        Raises
        ------
        ArchiveTruncated
            If it is incomplete, and that was not allowed.
        """
        return io.BufferedReader(self.open_file(role, incomplete=incomplete), buffer_size=1 << 17)

    def open_file(self, role: FileRole, *, incomplete: bool = False) -> SealedReader:
        """Open the newest file of a role.

        Parameters
        ----------
        role : str
            What it is.
        incomplete : bool, default False
            Whether one without its end will do, as it was recorded; see `video`.

        Raises
        ------
        NotInCatalog
            If the event has none.
        NotAllowed
            If the profile may not read it.
        NoKeyMatches
            If it is not sealed to this person.
        """
        if incomplete and role_of(role).recorded_as and self._may_lack_end(role):
            return self._open_incomplete(role, f"role:{role}")
        row = self.file(role)
        needs = self._session.read_needs(self.event_id, role)
        with self._session.audited(needs, self.event_id, detail=f"role:{role} file:{row.file_id}"):
            return self._session.open_sealed(self._session.stored(row))

    def file(self, role: str) -> EventFile:
        """Return the row of the newest file of a role.

        Raises
        ------
        NotInCatalog
            If there is none.
        ArchiveTruncated
            If it is being recorded, or a crash cut it off.
        """
        self._session.ask(Action.LIST_EVENTS)
        row = self._newest(role)
        if not row.is_complete:
            raise ArchiveTruncated(
                f"the recording of event {self.event_id} is incomplete: it is being recorded, or "
                f"was cut off and is saved with 'workbench event finalise {self.event_id}'; in "
                "Python video(incomplete=True) plays what is there"
            )
        return row

    def pts_index(self, role: VideoRole = "original") -> FrameTimes:
        """Return when each frame of a video is shown."""
        row = self.file(role)
        is_copy = role == "deidentified"
        needs = self._table_needs() if is_copy else Action.READ_DETECTIONS
        with self._session.audited(needs, self.event_id, detail="frames"):
            return self._session.catalog.contents.pts_index(row.file_id)

    def copy_report(self) -> Mapping[str, Any]:
        """Return how the de-identified copy was made: the JSON beside it; docs/copies.md.

        Raises
        ------
        DataError
            If it is damaged.
        """
        text = self._table_bytes("deidentification")
        try:
            return dict(parse_json(text))
        except (TypeError, ValueError) as error:
            raise DataError(
                f"the report of the copy of event {self.event_id} is damaged: make the copy again"
            ) from error

    def marker_rows(self) -> list[Marker]:
        """Return the rows of the markers, in the order of their time."""
        with self._session.audited(Action.LIST_EVENTS, self.event_id, detail="markers"):
            return self._session.catalog.contents.markers(self.event_id)

    def signal_rows(self) -> list[Signal]:
        """Return what each signal is: name, unit, samples and gaps; not its values."""
        with self._session.audited(Action.LIST_EVENTS, self.event_id, detail="signals"):
            return self._session.catalog.contents.signals(self.event_id)

    def room_view(self) -> View | None:
        """Return where the room lies in the frame as a player shows it; None if nobody said it."""
        self._session.ask(Action.LIST_EVENTS)
        return self._session.catalog.views.room(self.event_id)

    def history(self) -> list[StateChange]:
        """Return the steps of the event's life, oldest first."""
        with self._session.audited(Action.LIST_EVENTS, self.event_id, detail="history"):
            return self._session.catalog.events.history(self.event_id)

    def review(self) -> Review | None:
        """Return how far the review has come; None before it began."""
        with self._session.audited(Action.READ_DETECTIONS, self.event_id, detail="review"):
            return self._session.catalog.reviews.review(self.event_id)

    def corrections(self) -> EventCorrections:
        """Return all corrections of the event, undone ones too, oldest first.

        Notes are there where this person can read the names of the event.

        Raises
        ------
        WrongState
            If the event has no copy.
        """
        # only who reads them pays for what checks and renders them
        from recorder_core.jobs.archive.event.corrections import read_corrections

        with self._session.audited(self._table_needs(), self.event_id, detail="corrections"):
            row = self._session.catalog.events.get(self.event_id)
            return read_corrections(self._session, ArchivedEvent(self._session, row))

    def may_still_read(self, role: FileRole) -> bool:
        """Return whether this person may have a file now: for what was opened before."""
        profile = self._session.identity.actor.profile
        kind = role_of(role)
        if is_allowed(profile, kind.read_action(is_released=False)):
            return True
        return is_allowed(profile, kind.read) and self.is_released

    def is_sealed_to_me(self, role: FileRole) -> bool:
        """Return whether a key of this person's opens the newest file of a role, as it lies now."""
        self._session.ask(Action.LIST_EVENTS)
        file = self._session.stored(self._newest(role))
        key_file = read_any_key_file(self._session.folders.roots(), file.name, file.identity)
        keys = self._session.identity.keys
        return any(key_file.entry_for(key.public_key) is not None for key in keys)

    def media_type(self, role: FileRole) -> str:
        """Return the media type of the newest file of a role, as HTTP names it."""
        with self.open_file(role) as file:
            return file_media_type(role, file)

    def _newest(self, role: str) -> EventFile:
        self._refuse_deleted()
        rows = self._session.catalog.contents.files(self.event_id, role)
        if not rows:
            raise NotInCatalog(f"event {self.event_id} has no {role}")
        return rows[-1]

    def _frame_times(self, role: VideoRole) -> FrameTimes | None:
        """Return when the frames of a video are shown; None where the catalog does not know."""
        contents = self._session.catalog.contents
        try:
            return contents.pts_index(self._newest(role).file_id)
        except NotInCatalog:
            return None

    def _may_lack_end(self, role: FileRole) -> bool:
        """Return whether a file is recorded now, or was left as a crash cut it off."""
        if self.row.state is EventState.RECORDING:
            return True
        files = self._session.catalog.contents.files(self.event_id, role)
        return bool(files) and not files[-1].is_complete

    def _open_incomplete(self, role: FileRole, detail: str) -> SealedReader:
        needs = self._session.read_needs(self.event_id, role)
        with self._session.audited(needs, self.event_id, detail=detail):
            cut = self._session.stored(self._newest(role))
            return self._session.open_sealed(cut, incomplete=True)

    def _authentic_seconds(self) -> float | None:
        """Return how many seconds can be played; None for who cannot, or where it is damaged."""
        from recorder_core.media import recorded_seconds

        if not is_allowed(self._session.identity.actor.profile, Action.VIEW_ORIGINAL):
            return None
        try:
            with self._open_incomplete("original", "length") as file:
                return recorded_seconds(io.BufferedReader(file), f"event {self.event_id}")
        except ArchiveTruncated:
            return 0.0
        except (HeaderDamaged, NoKeyMatches, NotInCatalog, PayloadDamaged):
            return None

    def _table_needs(self) -> Action:
        """Return what the tables of the copy need, and what says as much as they do."""
        return self._session.read_needs(self.event_id, "redactions")

    def _table_bytes(self, role: FileRole, *, incomplete: bool = False) -> bytes:
        with self.open_file(role, incomplete=incomplete) as file:
            return file.readall()

    def _refuse_deleted(self) -> None:
        if self.row.state is EventState.DELETED:
            raise WrongState(
                phrase(
                    "event_gone",
                    "event {event} is deleted: its keys and names were destroyed, nobody can "
                    "open it",
                    event=self.event_id,
                )
            )


def find_event(session: Session, event: str, action: Action) -> ArchivedEvent:
    """Return the event that a text names; every operation finds its event with this.

    Parameters
    ----------
    session : Session
        Of the open archive.
    event : str
        Its id, or a beginning of it that fits no other.
    action : Action
        What is to be done with it: asking for an event that is not there is logged, too.

    Raises
    ------
    NotAllowed
        If there is none, and the profile may not do that with any.
    NotInCatalog
        If there is none.
    SettingsError
        If several begin like this.
    CatalogError
        If the text is none that an id could begin with.
    """
    # who has the event already may give it instead of its id
    event = getattr(event, "event_id", event)
    check_code(event, "event")
    try:
        return look_up_event(session, event)
    except (NotInCatalog, SettingsError):
        with session.audited(action, event):
            raise


def look_up_event(session: Session, event: str) -> ArchivedEvent:
    """Return the event that a text names, as :func:`find_event`; the caller has asked."""
    events = session.catalog.events
    try:
        return ArchivedEvent(session, events.get(event))
    except NotInCatalog:
        found = [row for row in events.sound() if row.event_id.startswith(event)]
        if not found:
            raise
    if len(found) > 1:
        raise SettingsError(f"{len(found)} events begin with {event}; give more of the id")
    return ArchivedEvent(session, found[0])


def find_names(session: Session, event_id: str) -> EventNames | None:
    """Return the names of an event where this person's key opens them; the caller has asked."""
    try:
        return _read_names(session, event_id)
    except (NoKeyMatches, NotInCatalog):
        return None


def _read_names(session: Session, event_id: str) -> EventNames:
    sealed = session.catalog.events.get_sealed(event_id)
    content = open_record(sealed, session.identity.keys, names_associated_data(event_id))
    return EventNames.from_dict(content)
