"""What is in an event, for whoever may see it: the original, markers, signals, screenshots."""

from __future__ import annotations

from collections.abc import Set
from typing import Any, Final

from recorder_core.errors import RecorderError
from recorder_core.jobs.archive import Archive, ArchivedEvent, event_screenshots
from recorder_core.jobs.archive.words import COPY_STATES, Action, EventState, FileRole
from workbench.server.pages.page import clock_text
from workbench.wire import API_PATH

__all__ = ["can_open", "event_content"]

#: name of the sentence for scripts -> why there is no video to watch, and what to do
_WHY_NOT: Final = {
    "ev_noVideo": "Your profile shows no video of an event. Ask a reviewer to watch it.",
    "ev_noEnd": "This recording has not ended yet: it is played here once it has ended. A reviewer "
    "saves one that was cut off with 'workbench event finalise'.",
    "ev_notReleased": "The copy is not released yet. You can watch it once a reviewer has signed "
    "it off.",
    "ev_notYours": "Only reviewers watch originals. You can watch a copy once a reviewer has made "
    "one and signed it off.",
    "ev_noKey": "Your key does not open this original. Have a reviewer who can open it, or an "
    "administrator, grant you the keys.",
}


def event_content(archive: Archive, event: ArchivedEvent) -> dict[str, Any]:
    """Return what the page of an event shows of its content; nothing of a deleted one.

    Parameters
    ----------
    archive : Archive
        Open, for any profile.
    event : ArchivedEvent
        Of this archive.
    """
    if event.row.state is EventState.DELETED:
        lists: dict[str, Any] = {"markers": [], "signals": [], "screenshots": []}
        return lists | {"why_not": "", "plays": None, "may_read_names": False}
    roles = {each.role for each in event.files()}
    why = _why_not(archive, event, roles)
    return {
        "why_not": why,
        "why_not_text": _WHY_NOT.get(why, ""),
        "plays": _played(event, roles) if not why else None,
        "markers": _markers(event),
        "signals": _signals(event) if archive.may(Action.READ_SIGNALS) else [],
        "screenshots": _screenshots(archive, event) if can_open(event, "screenshot") else [],
        "may_read_names": archive.may(Action.READ_IDENTITY),
    }


def can_open(event: ArchivedEvent, role: FileRole) -> bool:
    """Return whether the profile may have a file now, and a key of the person's opens it."""
    try:
        return event.may_still_read(role) and event.is_sealed_to_me(role)
    except RecorderError:
        return False  # there is none, or its keys are damaged


def _why_not(archive: Archive, event: ArchivedEvent, roles: Set[str]) -> str:
    """Return why a person can watch neither original nor copy; empty: one of them is there."""
    has_copy = event.row.state in COPY_STATES and "deidentified" in roles
    if has_copy and event.may_still_read("deidentified"):
        return ""
    if not archive.may(Action.VIEW_RELEASED):
        return "ev_noVideo"
    if event.row.state is EventState.RECORDING:
        return "ev_noEnd"
    if not archive.may(Action.VIEW_ORIGINAL):
        return "ev_notReleased" if has_copy else "ev_notYours"
    return "" if can_open(event, "original") else "ev_noKey"


def _played(event: ArchivedEvent, roles: Set[str]) -> dict[str, Any] | None:
    """Return what the player of the original is told; None where the copy is watched instead."""
    if event.row.state in COPY_STATES and "deidentified" in roles:
        return None
    view = event.room_view() if "room" in roles else None
    return {"lasts": event.row.duration_seconds or 0.0, "room": str(view) if view else ""}


def _markers(event: ArchivedEvent) -> list[dict[str, Any]]:
    return [
        {
            "kind": each.kind,
            "seconds": each.start_seconds,
            "from": clock_text(each.start_seconds),
            "to": "" if each.stop_seconds is None else clock_text(each.stop_seconds),
        }
        for each in event.marker_rows()
    ]


def _signals(event: ArchivedEvent) -> list[dict[str, Any]]:
    return [
        {
            "name": each.name,
            "unit": each.unit,
            "samples": each.sample_count,
            "from": clock_text(each.start_seconds),
            "to": clock_text(each.stop_seconds),
            "gaps": each.gap_count,
        }
        for each in event.signal_rows()
    ]


def _screenshots(archive: Archive, event: ArchivedEvent) -> list[dict[str, str]]:
    place = f"{API_PATH}/events/{event.event_id}/screenshots"
    return [
        {"url": f"{place}/{each.screenshot_id}", "at": clock_text(each.at_seconds)}
        for each in event_screenshots(archive, event.event_id)
    ]
