"""Background work that several processes share: who does what, and how far it is."""

from __future__ import annotations

from datetime import timedelta
from typing import Literal

from recorder_core.catalog.codes import Clock, check_code, new_id
from recorder_core.catalog.database import Database
from recorder_core.catalog.records import Job, JobState
from recorder_core.catalog.rows import column_value, fetch, insert
from recorder_core.errors import NotInCatalog, WrongState

__all__ = ["Jobs"]


class Jobs:
    """The queue of background work.

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

    def add(self, kind: str, *, by: str, event_id: str | None = None) -> Job:
        """Queue a piece of work, and return it.

        Parameters
        ----------
        kind : str
            Code of what to do.
        by : str
            User id of who wants it.
        event_id : str, optional
            The event that it is about.
        """
        job = Job(
            job_id=new_id(),
            kind=kind,
            event_id=event_id,
            state="queued",
            progress=0.0,
            worker=None,
            error_class=None,
            created_by=by,
            created_utc=self._clock(),
        )
        with self._database.write() as connection:
            insert(connection, "jobs", job)
        return job

    def claim(self, worker: str, kind: str | None = None) -> Job | None:
        """Claim the oldest queued job for one worker; no other process gets the same.

        Parameters
        ----------
        worker : str
            Code of the process, such as host:pid.
        kind : str, optional
            Only this kind.

        Returns
        -------
        Job or None
            None if nothing waits.
        """
        check_code(worker, "worker")
        with self._database.write() as connection:
            row = connection.execute(
                "UPDATE jobs SET state = 'running', worker = ?1, heartbeat_utc = ?2 "
                "WHERE job_id = (SELECT job_id FROM jobs WHERE state = 'queued' "
                "AND (?3 IS NULL OR kind = ?3) ORDER BY created_utc, rowid LIMIT 1) RETURNING *",
                (worker, column_value(self._clock()), kind),
            ).fetchone()
        return fetch(Job, [row])[0] if row else None

    def report_progress(self, job_id: str, progress: float) -> None:
        """Store how far a running job is, in [0, 1], and that its process lives."""
        with self._database.write() as connection:
            changed = connection.execute(
                "UPDATE jobs SET progress = ?, heartbeat_utc = ? "
                "WHERE job_id = ? AND state = 'running'",
                (min(max(progress, 0.0), 1.0), column_value(self._clock()), job_id),
            )
            if not changed.rowcount:
                raise WrongState(f"job {job_id} is not running (it may have been cancelled)")

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
                "UPDATE jobs SET state = ?1, error_class = ?2, finished_utc = ?3, "
                "progress = CASE WHEN ?1 = 'done' THEN 1.0 ELSE progress END "
                "WHERE job_id = ?4 AND state IN ('queued', 'running') RETURNING *",
                (state, error_class, column_value(self._clock()), job_id),
            ).fetchone()
            if row is None:
                raise WrongState(f"job {job_id} has already ended")
        return fetch(Job, [row])[0]

    def requeue_abandoned(self, *, silent_seconds: float) -> list[Job]:
        """Queue again what no process has reported on for so long; return those jobs."""
        limit = self._clock() - timedelta(seconds=silent_seconds)
        with self._database.write() as connection:
            rows = connection.execute(
                "UPDATE jobs SET state = 'queued', worker = NULL, progress = 0.0 "
                "WHERE state = 'running' AND heartbeat_utc < ? RETURNING *",
                (column_value(limit),),
            ).fetchall()
        return fetch(Job, rows)

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
