"""Answers that change something: markers, corrections, the steps of a review."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from recorder_core.catalog.codes import utc_now
from recorder_core.jobs.archive import (
    Archive,
    ArchivedEvent,
    correct_event,
    event_corrections,
    mark_event,
    undo_correction,
)
from recorder_core.model import CorrectionKeyframe
from workbench.server.api.addresses import Answering, Asked

__all__ = ["answer_correct", "answer_corrections", "answer_mark", "answer_undo", "review_step"]


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
    return {"corrections": event_corrections(asked.archive, asked["event"])}


def answer_correct(asked: Asked) -> Any:
    """Enter corrections in the name of who asks."""
    rows = [
        row
        for place, correction in enumerate(asked["corrections"])
        for row in _keyframes(str(place), correction, asked.signed_in.login)
    ]
    entered = correct_event(asked.archive, asked["event"], rows, made_for=asked["made_for"])
    return {"corrections": entered.corrections, "idle_removals": entered.idle_removals}


def answer_undo(asked: Asked) -> Any:
    """Undo a correction."""
    return {"undone_by": undo_correction(asked.archive, asked["event"], asked["correction"])}


def review_step(step: Callable[[Archive, str], ArchivedEvent]) -> Answering:
    """Return what moves an event a step on in its review."""

    def answer(asked: Asked) -> Any:
        return {"event": step(asked.archive, asked["event"]).row}

    return answer


def _keyframes(
    correction_id: str, correction: Mapping[str, Any], author: str
) -> list[CorrectionKeyframe]:
    written = utc_now().isoformat()
    return [
        CorrectionKeyframe(
            correction_id,
            correction["action"],
            each["frame_index"],
            (float(x0), float(y0), float(x1), float(y1)),
            correction.get("track", -1),
            author,
            written,
            correction.get("note", ""),
        )
        for each in correction["keyframes"]
        for x0, y0, x1, y1 in [each["box_xyxy_px"]]
    ]
