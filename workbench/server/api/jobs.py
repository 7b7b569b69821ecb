"""The endpoints of the queue of jobs: start, list, look at, cancel, start again, command, watch."""

from __future__ import annotations

import json
from collections.abc import Callable, Collection
from typing import Any, Final, get_args

from recorder_core.jobs.archive import JOB_KINDS, Archive, JobKind, job_phrases, job_sentence
from recorder_core.jobs.archive.words import Action, Job, JobState
from recorder_core.model.values.schema import Schema
from workbench.server.api.endpoints import Answering, ApiRequest, Endpoint, Field
from workbench.wire import to_json

__all__ = ["JOB_ENDPOINTS", "job_content", "job_endpoints"]

_STATE: Final = Field("state", {"type": "string", "enum": list(get_args(JobState))})
_EVENT: Final = Field("event", {"type": "string", "pattern": "^[A-Za-z0-9-]{1,64}$"})


def job_content(archive: Archive, job: Job) -> dict[str, Any]:
    """Return a job as it is sent: its row, the seconds left if known, sentences, and more."""
    content: dict[str, Any] = to_json(job)
    kind = JOB_KINDS.get(job.kind)
    said = {
        "sentence": job_sentence(job),
        "said": list(job_phrases(job)),
        "notice": archive.job_notice(job),
    }
    may_again = kind is not None and kind.can_start_again
    if kind is not None and kind.tells_file:
        stored = json.loads(job.settings)
        local = {each.name for each in kind.settings if each.is_local}
        content["settings"] = json.dumps({name: stored[name] for name in stored.keys() - local})
    return content | {"seconds_left": job.seconds_left, "can_start_again": may_again} | said


def _answer_jobs(request: ApiRequest) -> Any:
    found = request.archive.jobs(state=request["state"], event=request["event"])
    return {"jobs": [job_content(request.archive, each) for each in found]}


def _answer_job(request: ApiRequest) -> Any:
    return {"job": job_content(request.archive, request.archive.job(request["job"]))}


def _start(kind: JobKind) -> Answering:
    """Return what starts jobs of a kind."""

    def answer(request: ApiRequest) -> Any:
        names = [each.name for each in kind.settings]
        given = {name: request[name] for name in names if request[name] is not None}
        event = None if kind.states is None else request["event"]
        job = request.archive.start_job(kind.name, event, settings=given)
        return {"job": job_content(request.archive, job)}

    return answer


def _change(step: Callable[[ApiRequest], Job]) -> Answering:
    """Return what changes one job."""

    def answer(request: ApiRequest) -> Any:
        return {"job": job_content(request.archive, step(request))}

    return answer


def _cancel(request: ApiRequest) -> Any:
    lock = request.signed_in.lock
    job = request.archive.cancel_job(request["job"], lock=lock)
    with lock:
        return {"job": job_content(request.archive, job)}


def _starting(kind: JobKind) -> Endpoint:
    place = "" if kind.states is None else "/events/{event}"
    return Endpoint(
        "POST",
        f"{place}/jobs/{kind.name}",
        kind.action,
        f"Start a job: {kind.summary}",
        _start(kind),
        body=tuple(
            Field(each.name, each.schema, is_required=each.is_required) for each in kind.settings
        ),
    )


def _command(request: ApiRequest) -> Any:
    answer = request.archive.command_job(
        request["job"],
        request["command"],
        request["arguments"] or {},
        asked_seconds=request.arrived_seconds,
        lock=request.signed_in.lock,
    )
    return {"answer": answer}


def _watch(request: ApiRequest) -> Any:
    return request.archive.watch_job(request["job"], lock=request.signed_in.lock)


def _arguments(kinds: Collection[JobKind]) -> Schema:
    """Return what the arguments of a command may be; of which job it is decides the archive."""
    known = [
        {"title": f"{name} of {kind.name}"} | dict(command.arguments)
        for kind in kinds
        for name, command in kind.commands.items()
    ]
    return {"type": "object"} | ({"anyOf": known} if known else {})


def _watching(kinds: Collection[JobKind]) -> Endpoint:
    known = [{"title": each.name} | dict(each.state) for each in kinds if each.state is not None]
    return Endpoint(
        "GET",
        "/jobs/{job}/watch",
        Action.VIEW_PREVIEW,
        "What a running job shows: its state and previews, piece by piece until it ends",
        _watch,
        types=("application/octet-stream",),
        state={"anyOf": known},
        threads="calls",
    )


def job_endpoints(kinds: Collection[JobKind]) -> tuple[Endpoint, ...]:
    """Return the endpoints of the queue, among them those that follow from the kinds of jobs."""
    return (
        Endpoint(
            "GET", "/jobs", Action.LIST_EVENTS, "Jobs, oldest first", _answer_jobs, (_STATE, _EVENT)
        ),
        # before `/jobs/{job}`, which would fit the name of a kind too; a room has its own address
        *(_starting(each) for each in kinds if not any(given.is_local for given in each.settings)),
        Endpoint(
            "GET", "/jobs/{job}", Action.LIST_EVENTS, "One job, and how far it is", _answer_job
        ),
        # what the job does decides who may: the archive asks
        Endpoint(
            "POST",
            "/jobs/{job}/cancel",
            Action.LIST_EVENTS,
            "Stop a job",
            _cancel,
            threads="calls",
        ),
        Endpoint(
            "POST",
            "/jobs/{job}/again",
            Action.LIST_EVENTS,
            "Start what did not get to its end once more",
            _change(lambda request: request.archive.start_job_again(request["job"])),
        ),
        Endpoint(
            "POST",
            "/jobs/{job}/commands/{command}",
            Action.LIST_EVENTS,
            "Send a command, such as a marker, to a running job whose kind takes it",
            _command,
            body=(Field("arguments", _arguments(kinds)),),
            threads="calls",
        ),
        _watching(kinds),
    )


JOB_ENDPOINTS: Final = job_endpoints(JOB_KINDS.values())
