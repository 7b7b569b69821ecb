"""Background work that several processes share: who does what, and how far it is."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from typing import Final, Literal

from recorder_core.catalog.database.connection import Database
from recorder_core.catalog.database.rows import column_value, fetch, insert
from recorder_core.catalog.model.codes import Clock, check_code, new_id
from recorder_core.catalog.model.records import Job, JobState
from recorder_core.errors import NotInCatalog, QueueFull, WrongState
from recorder_core.model.values.phrase import Phrase, phrase

__all__ = ["Jobs", "SameKind"]

#: which of its kind and event another job may wait beside
SameKind = Literal["none", "running", "all"]

#: without a sign of life for so long, a process of another machine counts as gone
_SILENT: Final = timedelta(seconds=120)
#: of those that have not ended
_OPEN: Final = "state IN ('queued', 'running')"


class Jobs:
    """The queue of background work.

    Each job has a process of its own from the beginning: it waits for its turn there, so that
    whoever asked for it need not stay.

    Parameters
    ----------
    database : Database
        Migrated.
    clock : callable
        Gives the wall time.
    """

    def __init__(self, database: Database, clock: Clock) -> None:
        self._database = database
        self._clock = clock

    def add(
        self,
        kind: str,
        *,
        by: str,
        event_id: str | None = None,
        settings: str = "{}",
        may_queue_beside: SameKind = "none",
        one_per: str = "",
        most_open: int | None = None,
    ) -> Job:
        """Queue a piece of work, and return it.

        Parameters
        ----------
        kind : str
            Code of what to do.
        by : str
            User id of who wants it.
        event_id : str, optional
            The event that it is about.
        settings : str, default "{}"
            JSON of the settings that the catalog may hold, by name.
        may_queue_beside : {"none", "running", "all"}, default "none"
            Which of the same kind and event it may wait beside, whoever asked for that: one that
            runs, for what is entered meanwhile; or any, where each is another piece of work.
        one_per : str, optional
            Name of a setting: of its kind, only one job at a time waits or runs with its value.
        most_open : int, optional
            How many jobs of the kind may wait and run, this one among them; any number unless
            given.

        Raises
        ------
        WrongState
            If the same waits or runs already.
        QueueFull
            If as many of the kind wait or run as may.
        """
        now = self._clock()
        job = Job(
            job_id=new_id(),
            kind=kind,
            event_id=event_id,
            state="queued",
            progress=0.0,
            worker=None,
            error_class=None,
            settings=settings,
            created_by=by,
            created_utc=now,
            heartbeat_utc=now,
        )
        with self._database.write() as connection:
            same = connection.execute(
                "SELECT job_id, state FROM jobs WHERE kind = ?1 AND event_id IS ?2 "  # noqa: S608
                f"AND {_OPEN} AND (state = 'queued' OR ?3 = 'none') ORDER BY state",
                (kind, event_id, may_queue_beside),
            ).fetchone()
            if same is not None and may_queue_beside != "all":
                raise WrongState(_refusal(**same))
            _refuse_second(connection, job, one_per)
            _refuse_more(connection, kind, most_open)
            insert(connection, "jobs", job)
        return job

    def claim(
        self,
        job_id: str,
        worker: str,
        *,
        at_once: int | None,
        in_lane: Callable[[str], bool] = lambda _: True,
    ) -> Job | None:
        """Begin a queued job if it is its turn.

        Jobs of a lane begin in the order in which they were asked for, and two never work on the
        same event.

        Parameters
        ----------
        job_id : str
            Which.
        worker : str
            Code of the process.
        at_once : int or None
            How many jobs of the lane may run at once; None: all of them, in any order.
        in_lane : callable, optional
            Given a kind of job, returns whether this one waits for jobs of that kind; all kinds
            when not given.

        Returns
        -------
        Job or None
            None while others go first.

        Raises
        ------
        WrongState
            If it does not wait any more, as when it was cancelled.
        """
        if self.get(job_id).state != "queued":
            raise WrongState(f"job {job_id} does not wait any more")

        def is_next(rows: Sequence[sqlite3.Row]) -> bool:
            busy = {row["event_id"] for row in rows if row["state"] == "running"} - {None}
            lane = [row for row in rows if row["job_id"] == job_id or in_lane(row["kind"])]
            return _is_next(lane, busy, job_id, at_once)

        # read first: who waits writes nothing
        if not is_next(self._database.read(_NEXT)):
            return None
        with self._database.write() as connection:
            if not is_next(connection.execute(_NEXT).fetchall()):
                return None
            now = column_value(self._clock())
            row = connection.execute(
                "UPDATE jobs SET state = 'running', worker = ?1, started_utc = ?2, "
                "heartbeat_utc = ?2 WHERE job_id = ?3 RETURNING *",
                (check_code(worker, "worker"), now, job_id),
            ).fetchone()
        return fetch(Job, [row])[0]

    def name_event(self, job_id: str, worker: str, event_id: str) -> Job:
        """Store which event a running job has begun, and return the job.

        Raises
        ------
        WrongState
            If it does not run, is another process's, or names an event already.
        """
        return self._state_once(job_id, worker, ("event_id", None), event_id)

    def keep_result(self, job_id: str, worker: str, result: str) -> Job:
        """Store JSON of what a running job found, and return the job.

        Raises
        ------
        WrongState
            If it does not run, is another process's, or has a result already.
        """
        return self._state_once(job_id, worker, ("result", "{}"), result)

    def _state_once(
        self, job_id: str, worker: str, column: tuple[str, str | None], value: str
    ) -> Job:
        """Store a value of a running job in a column, given by name and content until then."""
        name, before = column
        with self._database.write() as connection:
            row = connection.execute(
                f"UPDATE jobs SET {name} = ?1 WHERE job_id = ?2 AND worker = ?3 "  # noqa: S608
                f"AND state = 'running' AND {name} IS ?4 RETURNING *",
                (value, job_id, worker, before),
            ).fetchone()
        if row is None:
            raise WrongState(f"job {job_id} does not run here, or has its {name} already")
        return fetch(Job, [row])[0]

    def report(self, job_id: str, worker: str, progress: float) -> Job:
        """Store how far an open job is, in [0, 1], and that its process lives; return it.

        Raises
        ------
        WrongState
            If it has ended, or is another process's now.
        """
        check_code(worker, "worker")
        with self._database.write() as connection:
            row = connection.execute(
                f"UPDATE jobs SET progress = max(progress, ?1), heartbeat_utc = ?2, worker = ?3 "  # noqa: S608
                f"WHERE job_id = ?4 AND {_OPEN} AND (worker IS NULL OR worker = ?3) RETURNING *",
                (min(max(progress, 0.0), 1.0), column_value(self._clock()), worker, job_id),
            ).fetchone()
        if row is None:
            raise WrongState(f"job {job_id} has ended, or another process does it")
        return fetch(Job, [row])[0]

    def ask_to_stop(self, job_id: str, *, by: str) -> Job:
        """Cancel a job that waits; have one that runs stop at its next step; return it.

        Raises
        ------
        WrongState
            If it has ended.
        """
        with self._database.write() as connection:
            self.get(job_id)
            row = connection.execute(
                f"UPDATE jobs SET stopped_by = ?1, "  # noqa: S608 - a constant of this module
                "finished_utc = CASE WHEN state = 'queued' THEN ?2 ELSE finished_utc END, "
                "state = CASE WHEN state = 'queued' THEN 'cancelled' ELSE state END "
                f"WHERE job_id = ?3 AND {_OPEN} RETURNING *",
                (by, column_value(self._clock()), job_id),
            ).fetchone()
        if row is None:
            raise WrongState(phrase("job_ended", "job {job} has already ended", job=job_id))
        return fetch(Job, [row])[0]

    def end(
        self,
        job_id: str,
        state: Literal["done", "failed", "cancelled"],
        *,
        error_class: str | None = None,
    ) -> Job:
        """Store how a queued or running job ended, and return it.

        Raises
        ------
        WrongState
            If it has ended before.
        """
        if error_class is not None:
            check_code(error_class, "error_class")
        with self._database.write() as connection:
            self.get(job_id)
            row = connection.execute(
                "UPDATE jobs SET state = ?1, error_class = ?2, finished_utc = ?3, "  # noqa: S608
                "progress = CASE WHEN ?1 = 'done' THEN 1.0 ELSE progress END "
                f"WHERE job_id = ?4 AND {_OPEN} RETURNING *",
                (state, error_class, column_value(self._clock()), job_id),
            ).fetchone()
            if row is None:
                raise WrongState(phrase("job_ended", "job {job} has already ended", job=job_id))
        return fetch(Job, [row])[0]

    def mark_interrupted(self, is_gone: Callable[[str], bool | None]) -> list[Job]:
        """Mark the jobs whose process has ended without saying so; return them.

        Parameters
        ----------
        is_gone : callable
            Given the code of a process, returns whether it has ended; None if that cannot be
            known from here, as of another machine's.
        """
        opened = fetch(Job, self._database.read(f"SELECT * FROM jobs WHERE {_OPEN}"))  # noqa: S608
        left = [job for job in opened if self._is_left(job, is_gone)]
        if not left:
            return []
        marked: list[sqlite3.Row] = []
        with self._database.write() as connection:
            for job in left:
                marked += connection.execute(
                    "UPDATE jobs SET state = 'interrupted', finished_utc = ?1 "  # noqa: S608
                    f"WHERE job_id = ?2 AND worker IS ?3 AND {_OPEN} RETURNING *",
                    (column_value(self._clock()), job.job_id, job.worker),
                ).fetchall()
        return fetch(Job, marked)

    def _is_left(self, job: Job, is_gone: Callable[[str], bool | None]) -> bool:
        gone = is_gone(job.worker) if job.worker else None
        if gone is not None:
            return gone
        last: datetime = job.heartbeat_utc or job.created_utc
        return self._clock() - last > _SILENT

    def get(self, job_id: str) -> Job:
        """Return one job; NotInCatalog if there is none."""
        rows = self._database.read("SELECT * FROM jobs WHERE job_id = ?", job_id)
        if not rows:
            raise NotInCatalog(f"there is no job {job_id} in the catalog")
        return fetch(Job, rows)[0]

    def find(self, *, state: JobState | None = None, event_id: str | None = None) -> list[Job]:
        """Return jobs, oldest first, of one state or one event if given."""
        rows = self._database.read(
            "SELECT * FROM jobs WHERE (?1 IS NULL OR state = ?1) "
            "AND (?2 IS NULL OR event_id = ?2) ORDER BY created_utc, rowid",
            state,
            event_id,
        )
        return fetch(Job, rows)


def _is_next(lane: Sequence[sqlite3.Row], busy: set[str], job_id: str, at_once: int | None) -> bool:
    """Return whether a job begins now, before the others of its lane."""
    free = [
        row["job_id"] for row in lane if row["state"] == "queued" and row["event_id"] not in busy
    ]
    if at_once is None:
        return job_id in free
    running = sum(row["state"] == "running" for row in lane)
    return running < at_once and free[:1] == [job_id]


def _refuse_second(connection: sqlite3.Connection, job: Job, setting: str) -> None:
    """Raise WrongState if an open job of the same kind has the same value of a setting.

    One whose event is recorded already only has its files left, and is in nobody's way.
    """
    value = json.loads(job.settings).get(setting)
    if value is None:
        return
    for row in connection.execute(
        f"SELECT job_id, settings FROM jobs WHERE kind = ? AND {_OPEN} AND NOT EXISTS "  # noqa: S608
        "(SELECT 1 FROM events WHERE events.event_id = jobs.event_id "
        "AND events.state != 'recording')",
        (job.kind,),
    ):
        if json.loads(row["settings"]).get(setting) == value:
            # not the value: who asks may know less of that job than who began it
            raise WrongState(
                phrase(
                    "job_second",
                    "job {job} has the same {what} already: look at that one, or wait until it "
                    "has ended",
                    job=row["job_id"],
                    what=setting.partition("_")[0],
                )
            )


def _refuse_more(connection: sqlite3.Connection, kind: str, most_open: int | None) -> None:
    """Raise QueueFull if as many jobs of a kind are open as may be."""
    sql = f"SELECT count(*) FROM jobs WHERE kind = ? AND {_OPEN}"  # noqa: S608
    (count,) = connection.execute(sql, (kind,)).fetchone()
    if most_open is not None and count >= most_open:
        raise QueueFull(
            phrase(
                "job_full",
                "{count} jobs of the kind {kind} wait or run already, as many as may: wait until "
                "one has ended, or cancel one",
                count=count,
                kind=kind,
            )
        )


def _refusal(job_id: str, state: str) -> Phrase:
    if state == "running":
        return phrase(
            "job_runs",
            "job {job} of the same kind runs already: wait for it, or cancel it first",
            job=job_id,
        )
    return phrase(
        "job_waits",
        "job {job} of the same kind waits already, and will do all that is asked for until it "
        "begins: wait for it, or cancel it first",
        job=job_id,
    )


#: what decides whose turn it is
_NEXT: Final = (
    f"SELECT job_id, kind, event_id, state FROM jobs WHERE {_OPEN} "  # noqa: S608
    "ORDER BY created_utc, rowid"
)
