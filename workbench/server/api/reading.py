"""Answers that read: events, their files, names and steps, and who asks."""

from __future__ import annotations

from typing import Any

from recorder_core.catalog import EventState, allowed_actions
from workbench.client import to_json
from workbench.server.api.addresses import Asked

__all__ = [
    "answer_event",
    "answer_events",
    "answer_file_row",
    "answer_files",
    "answer_frame_count",
    "answer_incomplete",
    "answer_job",
    "answer_jobs",
    "answer_markers",
    "answer_me",
    "answer_name_search",
    "answer_names",
    "answer_readers",
    "answer_review",
    "answer_roles",
]


def answer_me(asked: Asked) -> Any:
    """Return who asks, and what that person may do."""
    profile = asked.signed_in.profile
    return {
        "login": asked.signed_in.login,
        "profile": profile,
        "actions": sorted(action.value for action in allowed_actions(profile)),
        "notices": asked.archive.notices,
    }


def answer_events(asked: Asked) -> Any:
    """Return the events, newest first."""
    state = asked["state"]
    found = asked.archive.events(
        state=EventState(state) if state else None,
        procedure_code=asked["procedure_code"],
        include_deleted=asked["include_deleted"],
    )
    return {"events": [event.row for event in found]}


def answer_roles(asked: Asked) -> Any:
    """Return which files each event has."""
    return {"roles": asked.archive.roles(asked.archive.events())}


def answer_event(asked: Asked) -> Any:
    """Return one event, its steps, and whether its copy is released."""
    event = asked.event()
    history = asked.archive.catalog.events.history(event.event_id)
    return {"event": event.row, "is_released": event.is_released, "history": history}


def answer_files(asked: Asked) -> Any:
    """Return the rows of the files of an event."""
    return {"files": asked.event().files()}


def answer_file_row(asked: Asked) -> Any:
    """Return the row of the newest file of a kind."""
    return {"file": asked.event().file(asked["role"])}


def answer_incomplete(asked: Asked) -> Any:
    """Return how much of a recording without its end is there."""
    return {"incomplete": asked.event().incomplete()}


def answer_names(asked: Asked) -> Any:
    """Return the names of people and places of an event."""
    return {"names": asked.event().names().to_dict()}


def answer_name_search(asked: Asked) -> Any:
    """Return the events in whose names a text occurs."""
    found = asked.archive.search_names(asked["text"])
    return {"found": [{"event": event.row, "names": names.to_dict()} for event, names in found]}


def answer_frame_count(asked: Asked) -> Any:
    """Return how many frames a video has."""
    return {"frames": asked.archive.frame_count(asked["event"], asked["role"])}


def answer_readers(asked: Asked) -> Any:
    """Return to whom a kind of file is sealed."""
    return {"users": asked.archive.reader_ids(asked["event"], asked["role"])}


def answer_markers(asked: Asked) -> Any:
    """Return the markers of an event."""
    event = asked.event()
    return {"markers": asked.archive.catalog.contents.markers(event.event_id)}


def answer_review(asked: Asked) -> Any:
    """Return how far the review of an event has come."""
    event = asked.event()
    review = asked.archive.catalog.reviews.review(event.event_id)
    return {"review": to_json(review), "state": event.row.state, "is_released": event.is_released}


def answer_jobs(asked: Asked) -> Any:
    """Return the jobs, oldest first."""
    state, event = asked["state"], asked["event"]
    event_id = asked.archive.event(event).event_id if event else None
    return {"jobs": asked.archive.catalog.jobs.find(state=state, event_id=event_id)}


def answer_job(asked: Asked) -> Any:
    """Return one job."""
    return {"job": asked.archive.catalog.jobs.get(asked["job"])}
