"""An open archive: its events, for one person who signed in.

Every operation asks the person's profile and is logged, refusals too; see
:mod:`recorder_core.catalog.model.profiles` for who may do what.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import AbstractContextManager
from types import TracebackType
from typing import Any, Self

from recorder_core.archive import (
    CopyFault,
)
from recorder_core.catalog import (
    Action,
    EventState,
    Job,
    JobState,
    Profile,
)
from recorder_core.catalog.model.codes import check_code
from recorder_core.errors import (
    CatalogError,
    NotAllowed,
    NotInCatalog,
    RecorderError,
)
from recorder_core.jobs.archive.access.reading import CatalogReader
from recorder_core.jobs.archive.access.session import Session
from recorder_core.jobs.archive.event.event import (
    ArchivedEvent,
    find_event,
    find_names,
    look_up_event,
)
from recorder_core.jobs.archive.names.event_names import EventNames
from recorder_core.jobs.archive.place.folders import Folders
from recorder_core.jobs.archive.place.roles import VideoRole
from recorder_core.jobs.archive.queue.handover import JobPlace
from recorder_core.jobs.archive.queue.job_queue import NO_LOCK, NO_SETTINGS, JobQueue
from recorder_core.jobs.archive.queue.pieces import JobWatch
from recorder_core.jobs.archive.readable import ReadableEvent

__all__ = ["Archive"]


class Archive:
    """One open archive, for one person; a context manager.

    Every method asks the person's profile. What reads names, files, tables or the log, and what
    changes anything, is logged too.

    Attributes
    ----------
    notices : tuple of str
        Notices for the user who opened it.
    """

    def __init__(self, session: Session, notices: tuple[str, ...] = ()) -> None:
        self._session = session
        self._wrapped_key = session.wrapped_key()
        self._queue = JobQueue(session)
        self.notices = notices

    @property
    def folders(self) -> Folders:
        """Where it lies, and its settings."""
        return self._session.folders

    @property
    def catalog(self) -> CatalogReader:
        """The catalog, to read what the profile permits."""
        return CatalogReader(self._session)

    @property
    def login(self) -> str:
        """The login of who opened it."""
        return self._session.identity.actor.user_id

    @property
    def profile(self) -> Profile:
        """What that person is in this program."""
        return self._session.identity.actor.profile

    @property
    def mirror_faults(self) -> tuple[str, ...]:
        """What is not as it should be on one of the roots, and why; known when it is closed."""
        return self._session.mirror_faults

    @property
    def copy_faults(self) -> tuple[CopyFault, ...]:
        """Copies of files stored since it was opened that stopped while another went on."""
        return self._session.copy_faults

    def events(
        self,
        *,
        state: EventState | None = None,
        procedure_code: str | None = None,
        include_deleted: bool = False,
    ) -> list[ArchivedEvent]:
        """Return the events, newest first, without any name."""
        with self._session.audited(Action.LIST_EVENTS):
            rows = self._session.catalog.events.find(state=state, procedure_code=procedure_code)
        wanted = include_deleted or state is EventState.DELETED
        return [
            ArchivedEvent(self._session, row)
            for row in rows
            if wanted or row.state is not EventState.DELETED
        ]

    def roles(self, events: Sequence[ReadableEvent]) -> dict[str, list[str]]:
        """Return which kinds of complete files each event has; none of a deleted one."""
        self._session.ask(Action.LIST_EVENTS)
        found = self._session.catalog.contents.roles()
        return {
            event.event_id: found.get(event.event_id, [])
            for event in events
            if event.row.state is not EventState.DELETED
        }

    def event(self, event: str) -> ArchivedEvent:
        """Return one event; a beginning of its id that fits no other is enough.

        Raises
        ------
        NotInCatalog
            If there is none.
        SettingsError
            If several begin like this.
        """
        check_code(event, "event")
        with self._session.audited(Action.LIST_EVENTS):
            return look_up_event(self._session, event)

    def search_names(self, text: str) -> list[tuple[ArchivedEvent, EventNames]]:
        """Return the events in whose names a text occurs, and that this person's key opens.

        Upper and lower case, and accents, do not matter.
        """
        with self._session.audited(Action.READ_IDENTITY, detail="search"):
            named = [
                (event, find_names(self._session, event.event_id)) for event in self._live_events()
            ]
            return [(event, names) for event, names in named if names and names.mentions(text)]

    def refuse_unless(self, action: Action, event: str | None = None) -> None:
        """Raise unless this person may do something; for who is to be asked something first.

        Raises
        ------
        NotAllowed
            If the profile may not; that is logged, as the refusal of the action itself is.
        """
        if not self.may(action):
            event_id = find_event(self._session, event, action).event_id if event else None
            with self._session.audited(action, event_id):
                pass

    def may(self, action: Action) -> bool:
        """Return whether this person's profile may do it."""
        return self._session.may(action)

    def check_person(self) -> None:
        """Raise NotAllowed if the user was disabled, or has another profile, key or password."""
        self._session.check_person()
        if self._session.wrapped_key() != self._wrapped_key:
            raise NotAllowed("this user has another password now: sign in again")

    def log_use(self, action: Action, *, detail: str = "") -> None:
        """Ask the profile for something that is done outside the archive, and log it."""
        with self._session.audited(action, detail=detail):
            pass

    def frame_count(self, event: str, role: VideoRole = "original") -> int | None:
        """Return how many frames a video has; None if there is no such video."""
        contents = self._session.catalog.contents
        rows = contents.files(self._id_of(event), role)
        try:
            return len(contents.pts_index(rows[-1].file_id)) if rows else None
        except NotInCatalog:
            return None

    def reader_ids(self, event: str, kind: str) -> list[str]:
        """Return the users to whom one kind of file of an event is sealed."""
        return self._session.reader_ids(self._id_of(event), kind)

    @property
    def job_place(self) -> JobPlace:
        """Where jobs that are started with this archive work, and how many at once."""
        return self._queue.place

    @job_place.setter
    def job_place(self, place: JobPlace) -> None:
        self._queue.place = place

    def jobs(self, *, state: JobState | None = None, event: str | None = None) -> list[Job]:
        """Return the jobs, oldest first, of one state or one event if given; this is not logged."""
        return self._queue.find(state=state, event=event)

    def job(self, job_id: str) -> Job:
        """Return one job; NotInCatalog if there is none. This is not logged."""
        return self._queue.get(job_id)

    def job_notice(self, job: Job) -> str:
        """Return a sentence on the event of a job, as that it has no room view; empty: none."""
        return self._queue.notice(job)

    def start_job(
        self,
        kind: str,
        event: str | None = None,
        *,
        settings: Mapping[str, Any] = NO_SETTINGS,
    ) -> Job:
        """Start a job in a process of its own; it waits for its turn, and for its event.

        The process goes on when this one ends. It acts as this person, and is logged as the
        person's. Unless its kind says otherwise (`JOB_KINDS`), it stops when the person is disabled
        or gets another profile.

        Parameters
        ----------
        kind : {"record", "deidentify", "rerender", "rank", "report", "verify", "repair"}
            What to do.
        event : str, optional
            With which event; verify and repair are about the whole archive.
        settings : mapping, optional
            As the kind's schemas say: `allow_no_faces`, `allow_seen_faces` of a copy are true or
            false. Those that the kind calls private reach its process, and no disk.

        Returns
        -------
        Job
            As it waits; `job` says how far it is.

        Raises
        ------
        NotAllowed
            If the profile may not do it.
        WrongState
            If the event is not in a state that permits it, or the same waits or runs already.
            A rerender may wait while one runs: it does what was entered meanwhile.
        QueueFull
            If as many of the kind wait or run as may (`JobKind.most_open`).
        SettingsError
            If there is no such kind or setting, or a setting is not as its schema says.
        """
        return self._queue.start(kind, event, settings=settings)

    def start_job_again(self, job_id: str) -> Job:
        """Start what did not get to its end once more, as this person; return the new job.

        Raises
        ------
        WrongState
            If it waits, runs, or is done, or was told what the catalog does not hold.
        """
        return self._queue.start_again(job_id)

    def command_job(
        self,
        job_id: str,
        command: str,
        arguments: Mapping[str, Any] = NO_SETTINGS,
        *,
        asked_seconds: float | None = None,
        lock: AbstractContextManager[object] = NO_LOCK,
    ) -> Any:
        """Send a command, such as a marker, to a running job; return what it answers.

        The job takes the time when it is called, before this is logged.

        Parameters
        ----------
        job_id : str
            Of a kind that takes commands; any process of the archive may give them.
        command : str
            One of those of its kind, for which the profile is asked.
        arguments : mapping, optional
            As the schema of the command says.
        asked_seconds : float, optional
            When a person asked for it, on the monotonic clock of this machine, where that is
            earlier than this call, as of a request that waited. The job takes this moment if it
            is at most ten seconds before the call, else that of the call.
        lock : context manager, optional
            Held while this archive is used, and not while the job is waited for; of who uses it
            from several threads.

        Raises
        ------
        NotAllowed
            If the profile may not do it.
        SettingsError
            If its kind takes no such command, or not with these arguments.
        WrongState
            If it does not run, or does not answer.
        RecorderError
            If it refuses.
        """
        return self._queue.command(job_id, command, arguments, asked_seconds, lock)

    def watch_job(self, job_id: str, *, lock: AbstractContextManager[object] = NO_LOCK) -> JobWatch:
        """Watch a running job: its state and previews, as it shows them.

        The job asks every two seconds whether the person may still watch. Who reads slowly gets
        the newest piece next and never those between, and does not delay the job.

        Parameters
        ----------
        job_id : str
            Of a kind that can be watched; from any process of the archive.
        lock : context manager, optional
            As of `command_job`.

        Returns
        -------
        JobWatch
            A context manager that yields :class:`JobUpdate`. It ends with the job, whose `job` says
            then how it ended. It raises NotAllowed once the person may not watch any more, and
            WrongState where it breaks off, as when the job's process was killed.

        Raises
        ------
        NotAllowed
            If the profile may not see previews.
        SettingsError
            If its kind cannot be watched.
        WrongState
            If it does not run, does not answer, or has the maximum of viewers.
        """
        return self._queue.watch(job_id, lock)

    def cancel_job(self, job_id: str, *, lock: AbstractContextManager[object] = NO_LOCK) -> Job:
        """Ask a job to stop: what it has not finished is removed, an earlier copy stays.

        One of a kind that finishes, such as a recording, completes what it has begun and is done;
        it hears that before it is logged. Where a job goes on though the person who started it was
        disabled, or may do less, whoever manages users may stop it, too. `lock` is that of
        `command_job`.

        Raises
        ------
        NotAllowed
            If the profile may not do what the job does, nor stop it for another.
        WrongState
            If it has ended.
        """
        return self._queue.cancel(job_id, lock)

    def may_cancel_job(self, job: Job) -> bool:
        """Return whether this person may stop a job that waits or runs; see `cancel_job`."""
        return self._queue.may_cancel(job)

    def seal_warning(self) -> str | None:
        """Return what to say before an original is sealed that no person can open, else None."""
        self._session.ask(Action.LIST_EVENTS)
        if self._session.readers(Action.VIEW_ORIGINAL).readers:
            return None
        return (
            "there is no reviewer who could open what is taken in now: it is sealed to nobody but "
            "the recovery key; have an administrator run 'workbench user add NAME reviewer' "
            "first, since afterwards only 'workbench grant NAME EVENT --recovery' opens it"
        )

    def close(self) -> None:
        """Close, once the other folder's copy of the catalog is up to date; forget the keys."""
        self._queue.close()
        self._session.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        try:
            self.close()
        except CatalogError:
            # what went wrong first is what the person must read
            if not isinstance(error, RecorderError):
                raise

    def _id_of(self, event: str) -> str:
        self._session.ask(Action.LIST_EVENTS)
        return find_event(self._session, event, Action.LIST_EVENTS).event_id

    def _live_events(self) -> Sequence[ArchivedEvent]:
        return [
            ArchivedEvent(self._session, row)
            for row in self._session.catalog.events.find()
            if row.state is not EventState.DELETED
        ]
