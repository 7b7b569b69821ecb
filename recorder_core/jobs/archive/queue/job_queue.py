"""The queue of jobs of an open archive: each runs in a process of its own."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager, ExitStack, nullcontext, suppress
from dataclasses import replace
from functools import partial
from types import MappingProxyType
from typing import Any, Final

from recorder_core.catalog import Action, Job, is_allowed
from recorder_core.catalog.model.records import JobState
from recorder_core.errors import (
    CatalogError,
    FacesInDoubt,
    RecorderError,
    SettingsError,
    WrongState,
)
from recorder_core.jobs.archive.access.session import Session
from recorder_core.jobs.archive.event.event import find_event
from recorder_core.jobs.archive.event.room_view import no_view_sentence
from recorder_core.jobs.archive.place.private_work import event_work_folder, private_folder
from recorder_core.jobs.archive.process.process_code import has_ended
from recorder_core.jobs.archive.queue.commanding import STOP, JobCall
from recorder_core.jobs.archive.queue.handover import (
    JobHandover,
    JobPlace,
    start_job_process,
)
from recorder_core.jobs.archive.queue.job_kind import JobKind
from recorder_core.jobs.archive.queue.kinds import JOB_KINDS, find_kind
from recorder_core.jobs.archive.queue.late_log import LateLog
from recorder_core.jobs.archive.queue.pieces import JobWatch
from recorder_core.jobs.archive.queue.watching import watch

__all__ = ["NO_LOCK", "NO_SETTINGS", "JobQueue"]

#: of a job of which nothing special was asked
NO_SETTINGS: Final[Mapping[str, Any]] = MappingProxyType({})
#: of who uses an archive in one thread
NO_LOCK: Final[AbstractContextManager[object]] = nullcontext()
#: class of an error in the place of one that says what was found in a copy
_UNTOLD: Final = RecorderError.__name__


class JobQueue:
    """The jobs of an archive: each runs in a process of its own, with the rights of who started it.

    Parameters
    ----------
    session : Session
        Of the open archive.

    Attributes
    ----------
    place : JobPlace
        Where jobs that are started from here work, and how many at once.
    """

    def __init__(self, session: Session) -> None:
        self._session = session
        self._late_log = LateLog()
        self.place = JobPlace()

    def find(self, *, state: JobState | None = None, event: str | None = None) -> list[Job]:
        """Return the jobs, oldest first, of one state or one event if given.

        They say nothing of what is in an event, and who waits asks often: this is not logged. Who
        may read nothing of a copy that is not released is not told that it may show faces. An
        import names its event, and what it found, to who started it and to who may read names
        alone: its file has one.
        """
        self._session.ask(Action.LIST_EVENTS)
        event_id = find_event(self._session, event, Action.LIST_EVENTS).event_id if event else None
        self._mark_interrupted()
        found = self._session.catalog.jobs.find(state=state, event_id=event_id)
        visible = [self._visible_part(each) for each in found]
        return [each for each in visible if event_id in (None, each.event_id)]

    def get(self, job_id: str) -> Job:
        """Return one job; NotInCatalog if there is none. This is not logged."""
        self._session.ask(Action.LIST_EVENTS)
        self._mark_interrupted()
        return self._visible_part(self._session.catalog.jobs.get(job_id))

    def _visible_part(self, job: Job) -> Job:
        """Return a job without what this person may not read of it."""
        kind, session = JOB_KINDS.get(job.kind), self._session
        if kind is None:
            return job
        if kind.begins_event and not session.may(kind.action):
            job = replace(job, settings="{}", result="{}")
        is_own = job.created_by == session.identity.actor.user_id
        if kind.tells_file and not (is_own or session.may(Action.READ_IDENTITY)):
            job = replace(job, event_id=None, result="{}")
        if not kind.makes_copy or session.may(Action.READ_UNRELEASED):
            return job
        is_doubt = job.error_class == FacesInDoubt.__name__
        return replace(job, settings="{}", error_class=_UNTOLD if is_doubt else job.error_class)

    def notice(self, job: Job) -> str:
        """Return what to do about the event of a job that does not begin well; empty: nothing."""
        self._session.ask(Action.LIST_EVENTS)
        is_over = job.state == "done" or job.kind != "deidentify" or job.event_id is None
        if is_over or self._session.catalog.views.room(str(job.event_id)) is not None:
            return ""
        return no_view_sentence(str(job.event_id))

    def start(
        self,
        kind: str,
        event: str | None = None,
        *,
        settings: Mapping[str, Any] = NO_SETTINGS,
    ) -> Job:
        """Start a job in a process of its own; see `Archive.start_job`."""
        wanted = find_kind(kind)
        stored, private = wanted.split_settings(settings)
        return self._start(wanted, self._event_of(wanted, event), stored, private)

    def start_again(self, job_id: str) -> Job:
        """Start what did not get to its end once more; return the new job."""
        job = self.get(job_id)
        if job.state in ("queued", "running", "done"):
            raise WrongState(f"job {job_id} is {job.state}: there is nothing to start again")
        kind = find_kind(job.kind)
        if not kind.can_start_again:
            raise WrongState(
                f"job {job_id} was told what the catalog does not hold: start a new {kind.name}"
            )
        return self._start(kind, self._event_of(kind, job.event_id), job.settings, {})

    def command(
        self,
        job_id: str,
        command: str,
        arguments: Mapping[str, Any],
        asked_seconds: float | None = None,
        lock: AbstractContextManager[object] = NO_LOCK,
    ) -> Any:
        """Send a command to a running job; see `Archive.command_job`."""
        session = self._session
        with lock:
            job = self.get(job_id)
        kind = find_kind(job.kind)
        taken = kind.commands.get(command)
        action = kind.action if taken is None else taken.action
        # called before it is logged, which takes a while: the job notes the moment of the call
        connecting: AbstractContextManager[JobCall | None] = (
            nullcontext() if taken is None or not session.may(action) else JobCall(job)
        )
        detail = f"job:{job_id} {'unknown' if taken is None else command}"
        logged = partial(session.audited, action, job.event_id, detail=detail)

        def prepare(call: JobCall | None) -> Callable[[], Any]:
            if taken is None or call is None:
                known = ", ".join(kind.commands) or "none"
                raise SettingsError(f"{kind.name} takes no command {command!r}; it takes {known}")
            taken.check(command, arguments)
            actor = session.identity.actor
            return call.prepare_command(actor, command, arguments, asked_seconds)

        with connecting as call:
            if taken is not None and taken.is_immediate and call is not None:
                with lock:
                    session.ask(action)
                    send = prepare(call)
                return self._send_first(send, logged, lock)
            with ExitStack() as acting:
                with lock:
                    acting.enter_context(logged())
                    send = prepare(call)
                return send()

    def watch(self, job_id: str, lock: AbstractContextManager[object] = NO_LOCK) -> JobWatch:
        """Watch a running job; see `Archive.watch_job`."""
        session = self._session
        # logged as begun, not as long as it goes on: meanwhile this person does other things
        with ExitStack() as acting:
            with lock:
                job = self.get(job_id)
                kind, detail = find_kind(job.kind), f"job:{job_id} watch"
                acting.enter_context(
                    session.audited(Action.VIEW_PREVIEW, job.event_id, detail=detail)
                )
                if kind.state is None:
                    raise SettingsError(
                        f"{kind.name} shows nothing while it runs: ask how far it is"
                    )
            return watch(job, session.identity.actor, lock)

    def cancel(self, job_id: str, lock: AbstractContextManager[object] = NO_LOCK) -> Job:
        """Ask a job to stop; see `Archive.cancel_job`."""
        session, jobs = self._session, self._session.catalog.jobs
        with lock:
            job = self.get(job_id)
            kind = find_kind(job.kind)
            action = self._stop_action(kind, job)
            hears = kind.hears_stop and session.may(kind.action) and job.state == "running"
        is_told = hears and self._tell_to_stop(job)

        def ask() -> Job:
            with session.audited(action, job.event_id, detail=f"job:{job_id} cancel"):
                try:
                    return jobs.ask_to_stop(job_id, by=session.identity.actor.user_id)
                except WrongState:  # one that was told may have ended meanwhile
                    if not is_told:
                        raise
                    return job

        if is_told:
            return self._visible_part(self._late_log.enter(ask, lock, said=f"the {kind.name} ends"))
        with lock:
            return self._visible_part(ask())

    def _tell_to_stop(self, job: Job) -> bool:
        """Ask a running job to stop, not by the catalog; return whether it heard that."""
        with suppress(RecorderError), JobCall(job) as call:
            call.prepare_command(self._session.identity.actor, STOP, {})()
            return True
        return False

    def _send_first(
        self,
        send: Callable[[], Any],
        logged: Callable[[], AbstractContextManager[object]],
        lock: AbstractContextManager[object],
    ) -> Any:
        """Send a command, then log it and how it went; return what the job answers."""
        answer, refusal = None, None
        try:
            answer = send()
        except RecorderError as error:
            refusal = error

        log = partial(_log_outcome, logged, refusal)
        try:
            self._late_log.enter(log, lock, said="it is done")
        except CatalogError:
            if refusal is None:  # what the job refuses is not done, logged or not
                raise
        if refusal is not None:
            raise refusal
        return answer

    def close(self) -> None:
        """Stop trying to log what was done first."""
        self._late_log.close()

    def may_cancel(self, job: Job) -> bool:
        """Return whether this person may stop a job; see `Archive.may_cancel_job`."""
        kind = JOB_KINDS.get(job.kind)
        return kind is not None and self._session.may(self._stop_action(kind, job))

    def _stop_action(self, kind: JobKind, job: Job) -> Action:
        """Return what the profile is asked for of who stops a job.

        That is what the job does, or to manage users, where it goes on without its person.
        """
        session = self._session
        if kind.ends_with_person or not session.may(Action.MANAGE_USERS):
            return kind.action
        person = session.vouched_user(job.created_by)
        is_left = person.is_disabled or not is_allowed(person.profile, kind.action)
        return Action.MANAGE_USERS if is_left else kind.action

    def _mark_interrupted(self) -> None:
        """Mark the jobs whose process is gone; remove what no second start can go on from."""
        for job in self._session.catalog.jobs.mark_interrupted(has_ended):
            kind = JOB_KINDS.get(job.kind)  # one of another program's may be unknown here
            if job.event_id is None or kind is None or kind.resumes:
                continue
            if event_work_folder(self.place.work, job.event_id).exists():
                # another's folder, or one that is in use again, stays
                with (
                    suppress(RecorderError, OSError),
                    private_folder(self.place.work, job.event_id),
                ):
                    pass

    def _event_of(self, kind: JobKind, event: str | None) -> str | None:
        if kind.states is None:
            return None
        if event is None:
            raise SettingsError(f"{kind.name} is about one event: say which")
        return find_event(self._session, event, kind.action).event_id

    def _start(
        self, kind: JobKind, event_id: str | None, settings: str, private: Mapping[str, Any]
    ) -> Job:
        session, jobs = self._session, self._session.catalog.jobs
        actor = session.identity.actor
        with session.audited(kind.action, event_id, detail=f"job:{kind.name} start"):
            if event_id is not None:
                kind.check_state(event_id, session.catalog.events.get(event_id).state)
            self._mark_interrupted()
            job = jobs.add(
                kind.name,
                by=actor.user_id,
                event_id=event_id,
                settings=settings,
                may_queue_beside=kind.may_queue_beside,
                one_per=kind.one_per,
                most_open=kind.most_open,
            )
            path, handed = session.folders.primary, session.identity.hand()
            asked = JobHandover(path, job.job_id, kind, self.place, handed, private)
            try:
                worker = start_job_process(asked)
            except RecorderError as error:
                jobs.end(job.job_id, "failed", error_class=type(error).__name__)
                raise
            with suppress(WrongState):  # a short one has ended already
                jobs.report(job.job_id, worker, 0.0)
        return jobs.get(job.job_id)


def _log_outcome(
    logged: Callable[[], AbstractContextManager[object]], refusal: RecorderError | None
) -> None:
    """Log something, with what refused it if anything did."""
    try:
        with logged():
            if refusal is not None:
                raise refusal
    except RecorderError as error:
        if error is not refusal:
            raise
