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
    undo_correction,
)
from recorder_core.model import Correction
from workbench.server.api.addresses import Answering, Asked

__all__ = [
    "answer_correct",
    "answer_corrections",
    "answer_mark",
    "answer_save",
    "answer_undo",
    "review_step",
]


def answer_mark(asked: Asked) -> Any:
    """Mark a moment or a span of an event."""
    marker = mark_event(
        asked.archive,
        asked["event"],
        asked["kind"],
        start_seconds=float(asked["start_seconds"]),
        stop_seconds=None if asked["stop_seconds"] is None else float(asked["stop_seconds"]),
        note=asked["note"],
    )
    return {"marker": marker}


def answer_corrections(asked: Asked) -> Any:
    """Return all corrections of an event."""
    return event_corrections(asked.archive, asked["event"]).to_dict()


def answer_correct(asked: Asked) -> Any:
    """Enter corrections in the name of who asks."""
    rows = [
        row
        for place, content in enumerate(asked["corrections"])
        for row in _correction(asked, content | {"correction_id": str(place)}).rows()
    ]
    entered = correct_event(asked.archive, asked["event"], rows, made_for=asked["made_for"])
    corrections = [record.correction().to_dict() for record in entered.corrections]
    return {"corrections": corrections, "idle_removals": list(map(str, entered.idle_removals))}


def answer_save(asked: Asked) -> Any:
    """Save what who asks changed of the corrections of an event."""
    stored = [_correction(asked, content) for content in asked["stored"]]
    return save_event_corrections(
        asked.archive, asked["event"], stored, asked["withdrawn"], seen=asked["seen"]
    )


def answer_undo(asked: Asked) -> Any:
    """Undo a correction."""
    record = undo_correction(asked.archive, asked["event"], asked["correction"])
    return {"undone_by": record.correction_id}


def review_step(step: Callable[[Archive, str], ArchivedEvent]) -> Answering:
    """Return what moves an event a step on in its review."""

    def answer(asked: Asked) -> Any:
        return {"event": step(asked.archive, asked["event"]).row}

    return answer


def _correction(asked: Asked, content: dict[str, Any]) -> Correction:
    """Return a correction that was sent; whoever asks is its author."""
    return Correction.from_dict(content | {"author": asked.signed_in.login})
