"""Answers that read: events, their files, names and steps, and who asks."""

from __future__ import annotations

from typing import Any

from recorder_core.errors import ArchiveError
from recorder_core.jobs.archive import ArchivedEvent, event_sign_offs
from recorder_core.jobs.archive.words import EventState, FileRole, allowed_actions
from workbench.server.api.endpoints import ApiRequest

__all__ = [
    "answer_event",
    "answer_events",
    "answer_file_row",
    "answer_files",
    "answer_frame_count",
    "answer_incomplete",
    "answer_markers",
    "answer_me",
    "answer_name_search",
    "answer_names",
    "answer_readers",
    "answer_review",
    "answer_roles",
]


def answer_me(request: ApiRequest) -> Any:
    """Return who asks, and what that person may do."""
    profile = request.signed_in.profile
    return {
        "login": request.signed_in.login,
        "profile": profile,
        "actions": sorted(action.value for action in allowed_actions(profile)),
        "notices": request.archive.notices,
    }


def answer_events(request: ApiRequest) -> Any:
    """Return the events, newest first."""
    state = request["state"]
    found = request.archive.events(
        state=EventState(state) if state else None,
        procedure_code=request["procedure_code"],
        include_deleted=request["include_deleted"],
    )
    return {"events": [event.row for event in found]}


def answer_roles(request: ApiRequest) -> Any:
    """Return which files each event has."""
    return {"roles": request.archive.roles(request.archive.events())}


def answer_event(request: ApiRequest) -> Any:
    """Return one event, its steps, its room view, and whether its copy is released."""
    event = request.event()
    return {
        "event": event.row,
        "is_released": event.is_released,
        "room_view": event.room_view(),
        "history": event.history(),
    }


def answer_files(request: ApiRequest) -> Any:
    """Return the rows of the files of an event."""
    return {"files": request.event().files()}


def answer_file_row(request: ApiRequest) -> Any:
    """Return the row of the newest file of a kind."""
    event, role = request.event(), request["role"]
    return {
        "file": event.file(role),
        "may_read": event.may_still_read(role),
        "is_sealed_to_me": _is_sealed(event, role),
    }


def _is_sealed(event: ArchivedEvent, role: FileRole) -> bool:
    try:
        return event.is_sealed_to_me(role)
    except ArchiveError:  # its keys are damaged: they open it for nobody
        return False


def answer_incomplete(request: ApiRequest) -> Any:
    """Return how much of a recording without its end is there."""
    return {"incomplete": request.event().incomplete()}


def answer_names(request: ApiRequest) -> Any:
    """Return the names of people and places of an event."""
    return {"names": request.event().names().to_dict()}


def answer_name_search(request: ApiRequest) -> Any:
    """Return the events in whose names a text occurs."""
    found = request.archive.search_names(request["text"])
    return {"found": [{"event": event.row, "names": names.to_dict()} for event, names in found]}


def answer_frame_count(request: ApiRequest) -> Any:
    """Return how many frames a video has."""
    return {"frames": request.archive.frame_count(request["event"], request["role"])}


def answer_readers(request: ApiRequest) -> Any:
    """Return to whom a kind of file is sealed."""
    return {"users": request.archive.reader_ids(request["event"], request["role"])}


def answer_markers(request: ApiRequest) -> Any:
    """Return the markers of an event."""
    return {"markers": request.event().marker_rows()}


def answer_review(request: ApiRequest) -> Any:
    """Return how far the review of an event has come."""
    event = request.event()
    known = {"review": event.review(), "state": event.row.state, "is_released": event.is_released}
    return known | _signed(request)


def _signed(request: ApiRequest) -> dict[str, Any]:
    """Return who signed the present copy off, and how many reviewers must."""
    found = event_sign_offs(request.archive, request["event"])
    return {"signed_off_by": found.signed_off_by, "reviewers_needed": found.needed}
