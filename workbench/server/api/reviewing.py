"""Answers about the review of a copy: its moments, decisions, and what a sign-off states."""

from __future__ import annotations

from typing import Any, get_args

from recorder_core.errors import NotInCatalog
from recorder_core.jobs.archive import (
    ReviewedMoment,
    decide_moment,
    draft_key,
    event_sign_offs,
    event_statement,
    review_queue,
    sign_off,
)
from recorder_core.jobs.archive.words import Verdict
from workbench.server.api.endpoints import ApiRequest
from workbench.wire import to_json

__all__ = [
    "VERDICTS",
    "answer_decide",
    "answer_draft_key",
    "answer_moments",
    "answer_sign_off",
    "answer_statement",
]

VERDICTS = list(get_args(Verdict))


def answer_moments(request: ApiRequest) -> Any:
    """Return the moments of the copy, and what was decided about each."""
    event = request.event()
    signed = event_sign_offs(request.archive, event.event_id)
    known = {
        "state": event.row.state,
        "signed_off_by": signed.signed_off_by,
        "reviewers_needed": signed.needed,
    }
    try:
        queue = review_queue(request.archive, event.event_id)
    except NotInCatalog:
        return {"copy": None, "moments": []} | known
    return {"copy": queue.copy, "moments": [_shown(each) for each in queue.moments]} | known


def answer_statement(request: ApiRequest) -> Any:
    """Return what a sign-off of the copy states."""
    statement = event_statement(request.archive, request["event"])
    bound = statement.counts.missed_share_bound if statement.counts else None
    return {"statement": to_json(statement) | {"missed_share_bound": bound}}


def answer_draft_key(request: ApiRequest) -> Any:
    """Return what seals a person's unsaved work on an event in a browser that others use, too."""
    return {"draft_key": draft_key(request.archive, request["event"]).hex()}


def answer_decide(request: ApiRequest) -> Any:
    """Store what was decided about a moment."""
    decision = decide_moment(
        request.archive,
        request["event"],
        request["moment"],
        request["verdict"],
        note=request["note"] or "",
        copy=request["copy"],
        seen=request["seen"],
    )
    return {"decision": decision}


def answer_sign_off(request: ApiRequest) -> Any:
    """Sign the copy off that the person has looked at."""
    return {"event": sign_off(request.archive, request["event"], copy=request["copy"]).row}


def _shown(reviewed: ReviewedMoment) -> dict[str, Any]:
    moment = reviewed.moment
    own = {
        "moment_id": moment.moment_id,
        "sentence": moment.sentence,
        "is_spot_check": moment.is_spot_check,
        "expected_seconds": moment.expected_seconds,
    }
    shown: dict[str, Any] = to_json(reviewed)
    return shown | {"moment": shown["moment"] | own}
