"""What a person reads of a job: the state in a word, and what to do about it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from recorder_core.catalog import Job
from recorder_core.jobs.archive.queue.kinds import JOB_KINDS

__all__ = ["job_sentence"]

_COPY_STAYS: Final = "an earlier copy is as it was"
#: how a kind is stopped -> what one does that was asked to
_STOPS: Final[Mapping[str, str]] = {
    "cancel": "stops at its next step",
    "finish": "finishes what it has begun",
}
#: in a sentence: what starts the same once more
_AGAIN: Final = "{again}"
#: class of an error -> what happened, and what to do
_FAILED: Final[Mapping[str, str]] = {
    "DiskFull": "the disk is full: make room in the server's work folder, then {again}",
    "FacesInDoubt": (
        "faces may be left in the copy: look at the moments, correct, and {again}, or allow "
        "what it found (allow_no_faces, allow_seen_faces)"
    ),
    "NotAllowed": (
        "the person who started it is disabled or has another profile: somebody else may {again}"
    ),
    "NoKeyMatches": (
        "a file that it needs is not sealed to the person who started it: have it granted first"
    ),
    "WrongState": "the event was in another state when its turn came: look at the event",
    "SettingsError": (
        "this program would not render the copy as it was made: make a new one with deidentify"
    ),
    "ArchiveError": "a file is not as it should be: run 'workbench mirror verify'",
    "EngineUnavailable": "the inference engine does not run here: run 'workbench doctor'",
    "RecorderError": "it ended without a copy: who may review the event sees why",
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
    stays = f"; {_COPY_STAYS}" if kind is not None and kind.makes_copy else ""
    if job.state == "cancelled":
        by = f" by {job.stopped_by}" if job.stopped_by else ""
        return f"was cancelled{by}{stays}"
    if kind is not None and kind.begins_event and job.event_id is not None:
        stays = f"; what is there is saved with 'workbench event finalise {job.event_id}'"
    may_again = kind is None or kind.can_start_again
    again = "start it again" if may_again else f"start a new {job.kind}"
    if job.state == "interrupted":
        then = f": {again}" if may_again else ""
        return f"its process ended before it had finished{stays}{then}"
    why = _FAILED.get(job.error_class or "", f"it ended with {job.error_class}")
    return f"{why.replace(_AGAIN, again)}{stays}"
