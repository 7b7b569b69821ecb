"""Watch a running job from any process of the archive, as anyone whose profile permits it."""

from __future__ import annotations

from contextlib import AbstractContextManager

from recorder_core.catalog import Actor, Job
from recorder_core.errors import WrongState
from recorder_core.jobs.archive.queue.calling import JobConnection
from recorder_core.jobs.archive.queue.pieces import JobWatch

__all__ = ["watch"]


def watch(job: Job, actor: Actor, lock: AbstractContextManager[object]) -> JobWatch:
    """Return what a running job shows, for a person whose profile was asked.

    Parameters
    ----------
    job : Job
        Whose kind can be watched.
    actor : Actor
        Who watches, able to sign.
    lock : context manager
        Held while it is signed, and not while the job is waited for.

    Raises
    ------
    WrongState
        If it does not run, does not answer, or has the maximum of viewers.
    NotAllowed
        If the job refuses the person.
    """
    if job.state != "running":
        raise WrongState(f"job {job.job_id} is {job.state}: it can be watched while it runs")
    connection = JobConnection(job, "watch")
    try:
        with lock:
            begin = connection.prepare(actor, "watching", {})
        begin()
    except BaseException:
        connection.close()
        raise
    lost = WrongState(
        f"job {job.job_id} broke off without a word: its process was killed, or nothing was taken "
        "for too long; see what became of it with 'workbench job list', and watch it again if it "
        "runs"
    )
    return JobWatch(connection.read, connection.close, lost=lost)
