"""An archive on a server, and its events: what :class:`ReadableArchive` promises, over HTTP."""

from __future__ import annotations

import io
import ssl
from collections.abc import Mapping, Sequence
from fractions import Fraction
from typing import TYPE_CHECKING, Any, Self
from urllib.parse import quote

from recorder_core.errors import NotInCatalog
from recorder_core.jobs.archive import EventNames, Incomplete, JobWatch, ReadableEvent
from recorder_core.jobs.archive.words import (
    BaseEvent,
    Event,
    EventFile,
    EventState,
    FileRole,
    Job,
    JobState,
    Marker,
    Review,
    StateChange,
    VideoRole,
    check_code,
)
from recorder_core.model import Correction, FrameTimes, View
from recorder_core.signals import Signal, split_signals
from workbench.client.connection import Answer, Connection
from workbench.client.remote_file import RemoteFile
from workbench.client.review import RemoteReview
from workbench.client.watching import watch_over_http
from workbench.wire import from_json

if TYPE_CHECKING:
    # what makes copies comes with these, and most pages make none
    from recorder_core.jobs.archive import EventCorrections, SavedCorrections

__all__ = ["RemoteArchive", "RemoteEvent", "open_archive"]


def open_archive(
    address: str,
    *,
    token: str,
    context: ssl.SSLContext | None = None,
    is_of_page: bool = False,
) -> RemoteArchive:
    """Open the archive of a server, to read.

    Parameters
    ----------
    address : str
        Of the server: ``https://workbench.hospital.example``.
    token : str
        Of a kernel of the server, or another program that works for a person.
    context : SSLContext, optional
        For certificates of a site's own.
    is_of_page : bool, default False
        Whether the person sits at a page of this server, and nothing else stands between.

    Returns
    -------
    RemoteArchive
        A context manager with the methods of an archive of this machine.

    Raises
    ------
    NotAllowed
        If the token is none, or has ended.
    ArchiveError
        If the server cannot be reached.
    """
    connection = Connection(address, token=token, context=context)
    archive = RemoteArchive(connection, is_of_page=is_of_page)
    archive.person()
    return archive


class RemoteArchive:
    """The archive of a server, for the person to whom a token belongs; a context manager.

    Attributes
    ----------
    is_of_page : bool
        Whether the page at which that person sits is this server's, too.
    """

    def __init__(self, connection: Connection, *, is_of_page: bool = False) -> None:
        self._connection = connection
        self.is_of_page = is_of_page

    def person(self) -> dict[str, Any]:
        """Return for whom this is open: login, profile, actions."""
        found: dict[str, Any] = self._connection.get("/me").json()
        return found

    def events(
        self,
        *,
        state: EventState | None = None,
        procedure_code: str | None = None,
        include_deleted: bool = False,
    ) -> list[RemoteEvent]:
        """Return the events, newest first, without any name."""
        query = {
            "state": state.value if state else None,
            "procedure_code": procedure_code,
            "include_deleted": "true" if include_deleted else None,
        }
        rows = self._connection.get("/events", query).json()
        return [self._event(row) for row in rows["events"]]

    def event(self, event: str) -> RemoteEvent:
        """Return one event; a beginning of its id that fits no other is enough."""
        check_code(event, "event")
        return self._event(self._connection.get(f"/events/{quote(event, safe='')}").json()["event"])

    def search_names(self, text: str) -> list[tuple[RemoteEvent, EventNames]]:
        """Return the events in whose names a text occurs, and that this person's key opens."""
        found = self._connection.post("/name-search", {"text": text}).json()["found"]
        return [(self._event(each["event"]), EventNames.from_dict(each["names"])) for each in found]

    def roles(self, events: Sequence[ReadableEvent]) -> dict[str, list[str]]:
        """Return which kinds of complete files each event has; none of a deleted one."""
        roles = self._connection.get("/roles").json()["roles"]
        return {
            event.event_id: roles.get(event.event_id, [])
            for event in events
            if event.row.state is not EventState.DELETED
        }

    def frame_count(self, event: str, role: VideoRole = "original") -> int | None:
        """Return how many frames a video has; None if there is no such video."""
        path = f"/events/{quote(event, safe='')}/frame-count/{quote(role, safe='')}"
        count: int | None = self._connection.get(path).json()["frames"]
        return count

    def reader_ids(self, event: str, kind: str) -> list[str]:
        """Return the users to whom one kind of file of an event is sealed."""
        path = f"/events/{quote(event, safe='')}/readers/{quote(kind, safe='')}"
        users: list[str] = self._connection.get(path).json()["users"]
        return users

    def jobs(self, *, state: JobState | None = None, event: str | None = None) -> list[Job]:
        """Return the jobs, oldest first, of one state or one event if given."""
        rows = self._connection.get("/jobs", {"state": state, "event": event}).json()["jobs"]
        return [from_json(Job, each) for each in rows]

    def job(self, job_id: str) -> Job:
        """Return one job; NotInCatalog if there is none."""
        return self._job(self._connection.get(f"/jobs/{quote(job_id, safe='')}"))

    def start_job(
        self,
        kind: str,
        event: str | None = None,
        *,
        settings: Mapping[str, Any] | None = None,
    ) -> Job:
        """Start a job on the server; see :meth:`recorder_core.jobs.archive.Archive.start_job`."""
        place = f"/events/{quote(event, safe='')}" if event else ""
        path = f"{place}/jobs/{quote(kind, safe='')}"
        return self._job(self._connection.post(path, dict(settings or {})))

    def start_job_again(self, job_id: str) -> Job:
        """Start what did not get to its end once more; return the new job."""
        return self._job(self._connection.post(f"/jobs/{quote(job_id, safe='')}/again", {}))

    def cancel_job(self, job_id: str) -> Job:
        """Stop a job."""
        return self._job(self._connection.post(f"/jobs/{quote(job_id, safe='')}/cancel", {}))

    def command_job(
        self, job_id: str, command: str, arguments: Mapping[str, Any] | None = None
    ) -> Any:
        """Send a command to a running job; return what it answers.

        The moment of the command is that at which the request reaches the server; see
        :meth:`recorder_core.jobs.archive.Archive.command_job`.
        """
        path = f"/jobs/{quote(job_id, safe='')}/commands/{quote(command, safe='')}"
        return self._connection.post(path, {"arguments": dict(arguments or {})}).json()["answer"]

    def watch_job(self, job_id: str) -> JobWatch:
        """Watch a running job; see :meth:`recorder_core.jobs.archive.Archive.watch_job`."""
        return watch_over_http(self._connection, f"/jobs/{quote(job_id, safe='')}/watch")

    def _job(self, answer: Answer) -> Job:
        return from_json(Job, answer.json()["job"])

    def close(self) -> None:
        """Close the connection."""
        self._connection.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _event(self, row: Mapping[str, Any]) -> RemoteEvent:
        return RemoteEvent(self._connection, from_json(Event, row))


class RemoteEvent(BaseEvent):
    """One event of a server.

    Attributes
    ----------
    row : Event
        What the catalog says, without names.
    """

    def __init__(self, connection: Connection, row: Event) -> None:
        super().__init__(row)
        self._connection = connection

    @property
    def is_released(self) -> bool:
        """Whether somebody signed the de-identified copy off."""
        return bool(self._get("")["is_released"])

    def files(self) -> list[EventFile]:
        """Return the rows of the event's files that are complete; none of a deleted event."""
        return [from_json(EventFile, row) for row in self._get("/files")["files"]]

    def file(self, role: str) -> EventFile:
        """Return the row of the newest file of a role; NotInCatalog if there is none."""
        return from_json(EventFile, self._get(f"/files/{quote(role, safe='')}/row")["file"])

    def incomplete(self) -> Incomplete | None:
        """Return how much of a recording without its end is there; None of one that has it."""
        found = self._get("/incomplete")["incomplete"]
        if found is None:
            return None
        return Incomplete(found["is_running"], found["seconds"], tuple(found["roles"]))

    def names(self) -> EventNames:
        """Return the names of people and places; NotAllowed or NoKeyMatches for others."""
        return EventNames.from_dict(self._get("/names")["names"])

    def video(self, role: VideoRole = "original", *, incomplete: bool = False) -> io.BufferedReader:
        """Open a video as a seekable, read-only file object."""
        path = self._file_path(role)
        if incomplete:
            path += "?incomplete=true"
        return io.BufferedReader(RemoteFile(self._connection, path), buffer_size=1 << 17)

    def pts_index(self, role: VideoRole = "original") -> FrameTimes:
        """Return when each frame of a video is shown."""
        import numpy as np

        answer = self._connection.get(self._frames_path(role), {"format": "int64"})
        numerator, _, denominator = answer.headers["time-base"].partition("/")
        pts = np.frombuffer(answer.body, "<i8").astype(np.int64)
        return FrameTimes(Fraction(int(numerator), int(denominator)), pts)

    def each_signal(self) -> list[Signal]:
        """Return the signals as arrays, for what loads no pandas; see `signals`."""
        return split_signals(self._get("/signals")["columns"])

    def marker_rows(self) -> list[Marker]:
        """Return the rows of the markers, in the order of their time."""
        return [from_json(Marker, row) for row in self._get("/markers")["markers"]]

    def copy_report(self) -> Mapping[str, Any]:
        """Return how the de-identified copy was made: the JSON beside it; docs/copies.md."""
        found: Mapping[str, Any] = self._connection.get(self._file_path("deidentification")).json()
        return found

    def room_view(self) -> View | None:
        """Return where the room lies in the frame as a player shows it; None if nobody said it."""
        found = self._get("")["room_view"]
        return None if found is None else from_json(View, found)

    def set_room_view(self, view: str) -> View:
        """Store the room view; see :func:`recorder_core.jobs.archive.set_room_view`."""
        answer = self._connection.post(f"/events/{self.event_id}/view", {"view": view}).json()
        return from_json(View, answer["room_view"])

    def history(self) -> list[StateChange]:
        """Return the steps of the event's life, oldest first."""
        return [from_json(StateChange, row) for row in self._get("")["history"]]

    def review(self) -> Review | None:
        """Return how far the review has come; None before it began."""
        found = self._get("/review")["review"]
        return None if found is None else from_json(Review, found)

    def may_still_read(self, role: FileRole) -> bool:
        """Return whether this person may have a file now: for what was opened before."""
        return bool(self._get(f"/files/{quote(role, safe='')}/row")["may_read"])

    def is_sealed_to_me(self, role: FileRole) -> bool:
        """Return whether a key of this person's opens the newest file of a role, as it lies now."""
        return bool(self._get(f"/files/{quote(role, safe='')}/row")["is_sealed_to_me"])

    def media_type(self, role: FileRole) -> str:
        """Return the media type of the newest file of a role, as HTTP names it."""
        head = self._connection.ask("HEAD", self._file_path(role))
        return head.headers["content-type"]

    def corrections(self) -> EventCorrections:
        """Return all corrections of the event, undone ones too, oldest first."""
        from recorder_core.jobs.archive import EventCorrections

        return EventCorrections.from_dict(self._get("/corrections"))

    def save_corrections(
        self, stored: Sequence[Correction], withdrawn: Sequence[str], *, seen: int
    ) -> SavedCorrections:
        """Save what one person changed since reading them: see `save_event_corrections`."""
        from recorder_core.jobs.archive import SavedCorrections

        sent = [_without_author(each.to_dict()) for each in stored]
        content = {"stored": sent, "withdrawn": list(withdrawn), "seen": seen}
        path = f"/events/{self.event_id}/corrections/save"
        return SavedCorrections(**self._connection.post(path, content).json())

    @property
    def reviewing(self) -> RemoteReview:
        """The review of the event's copy, moment by moment."""
        return RemoteReview(self._connection, self.event_id)

    def _get(self, path: str) -> Any:
        return self._connection.get(f"/events/{self.event_id}{path}").json()

    def _frames_path(self, role: str) -> str:
        return f"/events/{self.event_id}/frames/{quote(role, safe='')}"

    def _file_path(self, role: str) -> str:
        return f"/events/{self.event_id}/files/{quote(role, safe='')}"

    def _frame_times(self, role: VideoRole) -> FrameTimes | None:
        try:
            return self.pts_index(role)
        except NotInCatalog:
            return None

    def _table_bytes(self, role: FileRole, *, incomplete: bool = False) -> bytes:
        if incomplete:
            return self._connection.get(self._file_path(role), {"incomplete": "true"}).body
        path = f"/events/{self.event_id}/{role}"
        return self._connection.get(path, {"format": "parquet"}).body


def _without_author(correction: Mapping[str, Any]) -> dict[str, Any]:
    """Return a correction as it is sent: the server knows who sends it, and when."""
    return {name: correction[name] for name in correction if name not in ("author", "created_utc")}
