"""The endpoints of the queue of jobs: start, list, look at, cancel, start again."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final, get_args

from recorder_core.jobs.archive import JOB_KINDS, Archive, JobKind, job_sentence
from recorder_core.jobs.archive.words import Action, Job, JobState
from workbench.server.api.endpoints import Answering, ApiRequest, Endpoint, Field
from workbench.wire import to_json

__all__ = ["JOB_ENDPOINTS", "job_content"]

_STATE: Final = Field("state", {"type": "string", "enum": list(get_args(JobState))})
_EVENT: Final = Field("event", {"type": "string", "pattern": "^[A-Za-z0-9-]{1,64}$"})


def job_content(archive: Archive, job: Job) -> dict[str, Any]:
    """Return a job as it is sent: its row, the seconds left if known, sentences."""
    content: dict[str, Any] = to_json(job)
    said = {"sentence": job_sentence(job), "notice": archive.job_notice(job)}
    return content | {"seconds_left": job.seconds_left} | said


def _answer_jobs(request: ApiRequest) -> Any:
    found = request.archive.jobs(state=request["state"], event=request["event"])
    return {"jobs": [job_content(request.archive, each) for each in found]}


def _answer_job(request: ApiRequest) -> Any:
    return {"job": job_content(request.archive, request.archive.job(request["job"]))}


def _start(kind: JobKind) -> Answering:
    """Return what starts jobs of a kind."""

    def answer(request: ApiRequest) -> Any:
        given = {name: request[name] for name in kind.settings if request[name]}
        event = None if kind.states is None else request["event"]
        job = request.archive.start_job(kind.name, event, settings=given)
        return {"job": job_content(request.archive, job)}

    return answer


def _change(step: Callable[[ApiRequest], Job]) -> Answering:
    """Return what changes one job."""

    def answer(request: ApiRequest) -> Any:
        return {"job": job_content(request.archive, step(request))}

    return answer


def _starting(kind: JobKind) -> Endpoint:
    place = "" if kind.states is None else "/events/{event}"
    return Endpoint(
        "POST",
        f"{place}/jobs/{kind.name}",
        kind.action,
        f"Start a job: {kind.summary}",
        _start(kind),
        body=tuple(Field(name, {"type": "boolean"}, default=False) for name in kind.settings),
    )


#: before `/jobs/{job}`, which would fit the name of a kind too
JOB_ENDPOINTS: Final = (
    Endpoint(
        "GET", "/jobs", Action.LIST_EVENTS, "Jobs, oldest first", _answer_jobs, (_STATE, _EVENT)
    ),
    *(_starting(kind) for kind in JOB_KINDS.values()),
    Endpoint("GET", "/jobs/{job}", Action.LIST_EVENTS, "One job, and how far it is", _answer_job),
    # what the job does decides who may: the archive asks
    Endpoint(
        "POST",
        "/jobs/{job}/cancel",
        Action.LIST_EVENTS,
        "Stop a job",
        _change(lambda request: request.archive.cancel_job(request["job"])),
    ),
    Endpoint(
        "POST",
        "/jobs/{job}/again",
        Action.LIST_EVENTS,
        "Start what did not get to its end once more",
        _change(lambda request: request.archive.start_job_again(request["job"])),
    ),
)
