"""The page on which several events are compared: signals and released copies on one time.

The notebook calls `playback_page`. It reads the archive through the server's interface in the name
of who opened the page, and no name of a person.
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from typing import Any, Final
from urllib.parse import parse_qs

import numpy as np

from recorder_core.errors import RecorderError, SettingsError
from recorder_core.jobs.archive.words import OPEN_COPY_STATES, RELEASED_STATES, EventState
from recorder_core.model.values.phrase import phrase
from workbench.client import RemoteArchive, RemoteEvent, open_served_archive
from workbench.dashboards.cards import problem_card
from workbench.widgets import PlaybackBoard, PlaybackEvent, PlaybackMarker, shown_seconds
from workbench.wire import API_PATH, error_content

__all__ = ["playback_page", "read_event"]

#: more cannot be told apart
MAX_EVENTS: Final = 4


def playback_page() -> Any:
    """Return what the notebook displays: the events of its address, or those to choose from."""
    try:
        return _board(open_served_archive(), _asked(os.environ.get("QUERY_STRING", "")))
    except RecorderError as error:
        return problem_card("nothing_to_compare", error)


def _asked(query: str) -> list[str]:
    """Return the events that an address names, each once."""
    named = ",".join(parse_qs(query).get("events", [])).split(",")
    return list(dict.fromkeys(each.strip() for each in named if each.strip()))


def _board(archive: RemoteArchive, asked: Sequence[str]) -> PlaybackBoard:
    problem: RecorderError | None = _too_many() if len(asked) > MAX_EVENTS else None
    shown = []
    for each in asked[:MAX_EVENTS]:
        try:
            shown.append(read_event(archive.event(each)))
        except RecorderError as error:
            problem = error
    told = error_content(problem) if problem is not None else {}
    choices, left_out = _choices(archive)
    return PlaybackBoard(shown, choices, left_out=left_out, problem=told)


def _too_many() -> RecorderError:
    return SettingsError(
        phrase("first_events", "only the first {count} events are shown", count=MAX_EVENTS)
    )


def _choices(archive: RemoteArchive) -> tuple[list[dict[str, Any]], list[dict[str, Any]]]:
    """Return the events that have something to compare, and the others; each newest first."""
    events = archive.events()
    roles = archive.roles(events)
    choices, left_out = [], []
    for each in events:
        why = _why_left_out(each, roles.get(each.event_id, []))
        if why:
            left_out.append(_told(each) | {"why": why})
        else:
            choices.append(_told(each) | {"is_released": each.row.state in RELEASED_STATES})
    return choices, left_out


def _told(event: RemoteEvent) -> dict[str, Any]:
    return {
        "event_id": event.event_id,
        "procedure": event.row.procedure_code,
        "started": _day(event),
        "end_seconds": event.row.duration_seconds or 0.0,
    }


def _why_left_out(event: RemoteEvent, roles: Sequence[str]) -> str:
    """Return the word that says why nothing of an event can be shown; empty: something can.

    It says no more than the event's state, which the library shows to everybody who sees the event.
    """
    state = event.row.state
    if "signals" in roles or (state in RELEASED_STATES and "deidentified" in roles):
        return ""
    if state is EventState.RECORDING:
        return "left_recording"
    return "left_unreleased" if state in OPEN_COPY_STATES else "left_noCopy"


def read_event(event: RemoteEvent) -> PlaybackEvent:
    """Return what the page shows of an event.

    Parameters
    ----------
    event : RemoteEvent
        Of an archive that is open for somebody who may read signals.
    """
    roles = {each.role for each in event.files()}
    copy: dict[str, Any] = {"why_none": "noCopyYet"}
    if "deidentified" in roles:
        copy = _copy(event) if event.is_released else {"why_none": "notReleased"}
    return PlaybackEvent(
        event_id=event.event_id,
        procedure=event.row.procedure_code,
        started=_day(event),
        signals=event.each_signal() if "signals" in roles else (),
        markers=[
            PlaybackMarker(row.kind, row.start_seconds, row.stop_seconds)
            for row in event.marker_rows()
        ],
        **{"end_seconds": event.row.duration_seconds or 0.0} | copy,
    )


def _day(event: RemoteEvent) -> str:
    return event.row.started_utc.strftime("%Y-%m-%d")


def _copy(event: RemoteEvent) -> dict[str, Any]:
    """Return the copy's address, and when its frames are shown on the time of the event."""
    span = event.copy_report().get("settings", {}).get("frame_span")
    if not isinstance(span, list) or not span:
        return {"why_none": "notInStep"}
    own, start = shown_seconds(event.pts_index("deidentified"))
    first = int(span[0])
    offset = float(shown_seconds(event.pts_index("original"))[0][first]) if first else 0.0
    step = float(np.median(np.diff(own))) if len(own) > 1 else 1.0
    return {
        "copy_url": f"{API_PATH}/events/{event.event_id}/files/deidentified",
        "frame_seconds": own,
        "start_seconds": start,
        "end_seconds": float(own[-1]) + step if len(own) else 0.0,
        "offset_seconds": offset,
    }
