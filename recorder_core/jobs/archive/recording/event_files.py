"""The files of an event that is recorded: opened with the event, or later beside the others."""

from __future__ import annotations

from collections.abc import Callable

from recorder_core.archive import CopyFault, SealedWriter
from recorder_core.errors import SettingsError, WrongState
from recorder_core.jobs.archive.access.session import Session
from recorder_core.jobs.archive.files.storing import put_names
from recorder_core.jobs.archive.place.roles import FileRole, role_of
from recorder_core.jobs.archive.recording.request import RecordingRequest
from recorder_core.jobs.archive.recording.streams import open_sinks, stating_recording
from recorder_core.model import EventClock

__all__ = ["EventFiles"]

#: what every recording has
_ALWAYS: tuple[FileRole, ...] = ("original", "journal")


class EventFiles:
    """Opens the files of an event; its caller lets one thread in at a time.

    Parameters
    ----------
    session : Session
        Of the open archive.
    event_id : str
        Of the event.
    on_fault : callable or None
        Told of each copy that stops while another goes on.
    """

    def __init__(
        self, session: Session, event_id: str, on_fault: Callable[[CopyFault], None] | None
    ) -> None:
        self._session, self._event_id, self._on_fault = session, event_id, on_fault
        #: open, and nobody has taken them yet
        self._waiting: dict[FileRole, SealedWriter] = {}

    def begin(self, request: RecordingRequest, clock: EventClock) -> None:
        """Enter the event with the files of its request, in one transaction.

        Raises
        ------
        SettingsError
            If one of them is none that is recorded.
        ArchiveError, CatalogError
            If the event or one of its files cannot be begun; nothing is left of them.
        """
        session, event_id, by = self._session, self._event_id, self._session.identity.actor.user_id
        roles = tuple(dict.fromkeys((*_ALWAYS, *request.roles)))
        if wrong := [each for each in roles if role_of(each).recorded_as is None]:
            raise SettingsError(f"the {', '.join(wrong)} of an event is no file that is recorded")

        def enter() -> None:
            session.catalog.events.begin(
                event_id=event_id,
                site_code=request.site_code or session.folders.info.site_code,
                procedure_code=request.procedure_code,
                started_utc=clock.zero_utc,
                by=by,
            )
            put_names(session, event_id, request.names)
            if request.view is not None:
                session.catalog.views.put_room(event_id, request.view, by=by)

        with stating_recording(session, event_id):
            sinks = open_sinks(session, event_id, roles, self._on_fault, begin=enter)
        self._waiting = dict(zip(roles, sinks, strict=True))

    def take(self, role: FileRole) -> SealedWriter:
        """Return what takes the bytes of a file, opened now unless it was with the event.

        Raises
        ------
        ArchiveError, CatalogError
            If it cannot be begun; nothing is left of it.
        """
        if role in self._waiting:
            return self._waiting.pop(role)
        with stating_recording(self._session, self._event_id):
            [sink] = open_sinks(self._session, self._event_id, [role], self._on_fault)
        return sink

    def refuse_waiting(self) -> None:
        """Raise WrongState if a file was opened with the event, and nobody has taken it."""
        if self._waiting:
            raise WrongState(
                f"nobody asked for these streams of event {self._event_id}: "
                f"{', '.join(self._waiting)}; open each before the end"
            )

    def abandon(self) -> None:
        """Stop those that nobody has taken."""
        for sink in self._waiting.values():
            sink.abandon()
