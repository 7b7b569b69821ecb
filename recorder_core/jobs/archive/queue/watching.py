"""Watch a running job from any process of the archive, as anyone whose profile permits it."""

from __future__ import annotations

from recorder_core.catalog import Actor, Job
from recorder_core.errors import WrongState
from recorder_core.jobs.archive.queue.calling import JobLine
from recorder_core.jobs.archive.queue.pieces import JobWatch

__all__ = ["watch"]


def watch(job: Job, actor: Actor) -> JobWatch:
    """Return what a running job shows, for a person whose profile was asked.

    Parameters
    ----------
    job : Job
        Whose kind can be watched.
    actor : Actor
        Who watches, able to sign.

    Raises
    ------
    WrongState
        If it does not run, does not answer, or is watched by as many as may.
    NotAllowed
        If the job refuses the person.
    """
    if job.state != "running":
        raise WrongState(f"job {job.job_id} is {job.state}: it can be watched while it runs")
    line = JobLine(job, "watch")
    try:
        line.ask(actor, "watching", {})
    except BaseException:
        line.close()
        raise
    return JobWatch(line.read, line.close)
