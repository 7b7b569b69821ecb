"""The life of the process of one job."""

from __future__ import annotations

import os
import signal
import sys
import time
from contextlib import ExitStack, suppress
from typing import Final

from recorder_core.catalog import Job
from recorder_core.errors import Cancelled, RecorderError
from recorder_core.full_disk import is_full_disk
from recorder_core.jobs.archive.access.session import Session
from recorder_core.jobs.archive.acting import session_of
from recorder_core.jobs.archive.archive import Archive
from recorder_core.jobs.archive.opening import open_handed
from recorder_core.jobs.archive.place.catalog_opening import open_catalog
from recorder_core.jobs.archive.place.finding import find_archive
from recorder_core.jobs.archive.process.child import close_pipes
from recorder_core.jobs.archive.process.process_code import process_code
from recorder_core.jobs.archive.queue.handover import JobHandover, read_job_handover
from recorder_core.jobs.archive.queue.kinds import lane_of
from recorder_core.jobs.worker.commands import CommandListener
from recorder_core.jobs.worker.running import run_job
from recorder_core.jobs.worker.running_job import RunningJob
from recorder_core.jobs.worker.stopping import Stopper
from recorder_core.jobs.worker.supervising import Supervisor
from recorder_core.jobs.worker.watchers import Watchers

__all__ = ["run"]

_TURN_SECONDS: Final = 0.5


def run() -> int:
    """Run the job that the process which started this one hands over; return the exit status."""
    stopper = Stopper()
    signal.signal(signal.SIGHUP, signal.SIG_IGN)
    job = read_job_handover(sys.stdin.buffer)
    close_pipes()
    os.nice(job.kind.niceness)
    try:
        archive = open_handed(job.path, job.handed, detail=f"job:{job.job_id}")
    except RecorderError as error:
        return _end_unopened(job, error)
    with archive:
        return _work(archive, job, stopper)


def _work(archive: Archive, handed: JobHandover, stopper: Stopper) -> int:
    """Wait for the job's turn, do it, and write down how it ended."""
    archive.job_place = handed.place
    session, worker = session_of(archive), process_code(os.getpid())
    job_id, kind = handed.job_id, handed.kind
    jobs = session.catalog.jobs
    jobs.report(job_id, worker, 0.0)
    # who watches hears of the end once the catalog says how it was
    with ExitStack() as watching:
        try:
            watchers = watching.enter_context(Watchers(session, job_id, kind))
            with (
                Supervisor(session, job_id, kind, worker, stopper) as supervisor,
                CommandListener(session, job_id, kind, stopper) as commands,
            ):
                try:
                    job = _wait_for_turn(archive, handed, worker)
                    if kind.stop == "finish":
                        stopper.disable_interrupts()
                    run_job(
                        RunningJob(
                            archive=archive,
                            job=job,
                            kind=kind,
                            work=handed.place.work,
                            progress=supervisor.progress,
                            private=handed.private,
                            commands=commands,
                            watchers=watchers,
                            stopper=stopper,
                        )
                    )
                finally:
                    stopper.disable_interrupts()
        except (Exception, KeyboardInterrupt) as error:
            return _end_badly(session, job_id, stopper.reason or error)
        jobs.end(job_id, "done")
        return 0


def _wait_for_turn(archive: Archive, handed: JobHandover, worker: str) -> Job:
    jobs, kind = session_of(archive).catalog.jobs, handed.kind
    while True:
        archive.jobs(state="running")  # marks those whose process is gone: they are in nobody's way
        job = jobs.claim(
            handed.job_id,
            worker,
            at_once=handed.place.limit(kind),
            in_lane=lambda other: lane_of(other) == kind.lane,
        )
        if job is not None:
            return job
        time.sleep(_TURN_SECONDS)


def _end_badly(session: Session, job_id: str, error: BaseException) -> int:
    if isinstance(error, SystemExit):
        return 1  # as one that was killed: whoever looks next finds the process gone
    jobs = session.catalog.jobs
    with suppress(RecorderError):
        if isinstance(error, Cancelled):
            jobs.end(job_id, "cancelled")
        else:
            jobs.end(job_id, "failed", error_class=_name(error))
    return 1


def _end_unopened(job: JobHandover, error: RecorderError) -> int:
    """Write down that a job cannot begin, as of somebody who was disabled meanwhile."""
    with suppress(RecorderError), open_catalog(find_archive(job.path)) as catalog:
        catalog.jobs.end(job.job_id, "failed", error_class=_name(error))
    return 1


def _name(error: BaseException) -> str:
    """Return what the catalog holds of an error: its class, or that the disk is full."""
    return "DiskFull" if is_full_disk(error) else type(error).__name__
