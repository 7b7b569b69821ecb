"""What a person reads of a job: the state in a word, and what to do about it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from recorder_core.catalog import Job
from recorder_core.jobs.archive.queue.job_kind import JobKind
from recorder_core.jobs.archive.queue.kinds import JOB_KINDS

__all__ = ["job_sentence"]

#: how a kind is stopped -> what one does that was asked to
_STOPS: Final[Mapping[str, str]] = {
    "cancel": "stops at its next step",
    "finish": "finishes what it has begun",
}
#: in a sentence of a kind: what starts the same once more, and the event
_AGAIN, _EVENT = "{again}", "{event}"
#: class of an error -> what happened, and what to do, unless the kind says it
_FAILED: Final[Mapping[str, str]] = {
    "DiskFull": "the disk is full: make room in the server's work folder, then {again}",
    "NotAllowed": (
        "the person who started it is disabled or has another profile: somebody else may {again}"
    ),
    "NoKeyMatches": (
        "a file that it needs is not sealed to the person who started it: have it granted first"
    ),
    "WrongState": "the event was in another state when its turn came: look at the event",
    "ArchiveError": "a file is not as it should be: run 'workbench mirror verify'",
    "EngineUnavailable": "the inference engine does not run here: run 'workbench doctor'",
    "MemoryError": "the machine had no memory left: {again} when less is running",
}


def job_sentence(job: Job) -> str:
    """Return one sentence that says how a job is doing, and what to do if that is not well."""
    if job.state == "queued":
        return "waits for its turn"
    kind = JOB_KINDS.get(job.kind)
    if job.state == "running":
        what = _STOPS["cancel" if kind is None else kind.stop]
        return what if job.stopped_by else "is running"
    if job.state == "done":
        return "is done"
    stays = _stays(job, kind)
    if job.state == "cancelled":
        by = f" by {job.stopped_by}" if job.stopped_by else ""
        return f"was cancelled{by}{stays}"
    may_again = kind is None or kind.can_start_again
    again = "start it again" if may_again else f"start a new {job.kind}"
    if job.state == "interrupted":
        then = f": {again}" if may_again else ""
        return f"its process ended before it had finished{stays}{then}"
    failures = _FAILED if kind is None else {**_FAILED, **kind.failures}
    why = failures.get(job.error_class or "", f"it ended with {job.error_class}")
    return f"{why.replace(_AGAIN, again)}{stays}"


def _stays(job: Job, kind: JobKind | None) -> str:
    """Return the part of a sentence that says what a job has left, as its kind says it."""
    if kind is not None and kind.begins_event and job.state == "interrupted" and not job.event_id:
        return ": look in the library first, it may be there"
    left = "" if kind is None else kind.left
    if not left or (_EVENT in left and job.event_id is None):
        return ""
    return f"; {left.replace(_EVENT, str(job.event_id))}"
