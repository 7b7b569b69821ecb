"""Answers that change something: markers, corrections, the steps of a review."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from recorder_core.jobs.archive import (
    Archive,
    ArchivedEvent,
    correct_event,
    event_corrections,
    mark_event,
    save_event_corrections,
    set_room_view,
    undo_correction,
)
from recorder_core.model import Correction
from workbench.server.api.endpoints import Answering, ApiRequest

__all__ = [
    "answer_correct",
    "answer_corrections",
    "answer_mark",
    "answer_save",
    "answer_undo",
    "answer_view",
    "review_step",
]


def answer_mark(request: ApiRequest) -> Any:
    """Mark a moment or a span of an event."""
    marker = mark_event(
        request.archive,
        request["event"],
        request["kind"],
        start_seconds=float(request["start_seconds"]),
        stop_seconds=None if request["stop_seconds"] is None else float(request["stop_seconds"]),
        note=request["note"],
    )
    return {"marker": marker}


def answer_corrections(request: ApiRequest) -> Any:
    """Return all corrections of an event."""
    return event_corrections(request.archive, request["event"]).to_dict()


def answer_correct(request: ApiRequest) -> Any:
    """Enter corrections as the signed-in user."""
    rows = [
        row
        for place, content in enumerate(request["corrections"])
        for row in _correction(request, content | {"correction_id": str(place)}).rows()
    ]
    entered = correct_event(request.archive, request["event"], rows, made_for=request["made_for"])
    corrections = [record.correction().to_dict() for record in entered.corrections]
    return {"corrections": corrections, "idle_removals": list(map(str, entered.idle_removals))}


def answer_save(request: ApiRequest) -> Any:
    """Save what who asks changed of the corrections of an event."""
    stored = [_correction(request, content) for content in request["stored"]]
    return save_event_corrections(
        request.archive, request["event"], stored, request["withdrawn"], seen=request["seen"]
    )


def answer_undo(request: ApiRequest) -> Any:
    """Undo a correction."""
    record = undo_correction(request.archive, request["event"], request["correction"])
    return {"undone_by": record.correction_id}


def answer_view(request: ApiRequest) -> Any:
    """Store where the room lies in the frames of an event."""
    return {"room_view": set_room_view(request.archive, request["event"], request["view"])}


def review_step(step: Callable[[Archive, str], ArchivedEvent]) -> Answering:
    """Return what moves an event a step on in its review."""

    def answer(request: ApiRequest) -> Any:
        return {"event": step(request.archive, request["event"]).row}

    return answer


def _correction(request: ApiRequest, content: dict[str, Any]) -> Correction:
    """Return a correction that was sent; whoever asks is its author."""
    return Correction.from_dict(content | {"author": request.signed_in.login})
