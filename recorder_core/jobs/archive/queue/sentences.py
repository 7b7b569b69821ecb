"""What a person reads of a job: the state in a word, and what to do about it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from recorder_core.catalog import Job
from recorder_core.jobs.archive.queue.job_kind import JobKind
from recorder_core.jobs.archive.queue.kinds import JOB_KINDS

__all__ = ["job_phrases", "job_sentence"]

#: how a kind is stopped -> what one does that was asked to
_STOPS: Final[Mapping[str, str]] = {
    "cancel": "stops at its next step",
    "finish": "finishes what it has begun",
}
#: in a sentence of a kind: what starts the same once more, and the event
_AGAIN, _EVENT = "{again}", "{event}"
#: class of an error -> what happened, and what to do, unless the kind says it
_FAILED: Final[Mapping[str, str]] = {
    "DiskFull": "the disk is full: free up space in the server's work folder, then {again}",
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
    return "".join(job_phrases(job).values())


def job_phrases(job: Job) -> Mapping[str, str]:
    """Return the phrases of the sentence by their names, by which pages know other languages'."""
    kind = JOB_KINDS.get(job.kind)
    if job.state == "queued":
        return {"queued": "waits for its turn"}
    if job.state == "running" and job.stopped_by:
        how = "cancel" if kind is None else kind.stop
        return {f"stops_{how}": _STOPS[how]}
    if job.state in ("running", "done"):
        return {job.state: f"is {job.state}"}
    if job.state == "cancelled":
        return _cancelled(job) | _stays(job, kind)
    may_again = kind is None or kind.can_start_again
    again = "start it again" if may_again else f"start a new {job.kind}"
    if job.state == "interrupted":
        then = {"then": f": {again}"} if may_again else {}
        ended = {"interrupted": "its process ended before it had finished"}
        return ended | _stays(job, kind) | then
    why = {name: text.replace(_AGAIN, again) for name, text in _failed(job, kind).items()}
    return why | _stays(job, kind)


def _cancelled(job: Job) -> dict[str, str]:
    if job.stopped_by:
        return {"cancelledBy": f"was cancelled by {job.stopped_by}"}
    return {"cancelled": "was cancelled"}


def _failed(job: Job, kind: JobKind | None) -> dict[str, str]:
    """Return what happened, as the kind says it of this error, or as all do."""
    error = job.error_class or ""
    if kind is not None and error in kind.failures:
        return {f"failed_{error}_{kind.name}": kind.failures[error]}
    if error in _FAILED:
        return {f"failed_{error}": _FAILED[error]}
    return {"failed": f"it ended with {job.error_class}"}


def _stays(job: Job, kind: JobKind | None) -> dict[str, str]:
    """Return the phrase that says what a job has left, as its kind says it."""
    if kind is not None and kind.begins_event and job.state == "interrupted" and not job.event_id:
        return {"lookFirst": ": look in the library first, it may be there"}
    if kind is None or not kind.left or (_EVENT in kind.left and job.event_id is None):
        return {}
    return {f"left_{kind.name}": f"; {kind.left.replace(_EVENT, str(job.event_id))}"}
