"""The page of an event: what it is and holds, its jobs, its room view, what leaves, who opens."""

from __future__ import annotations

from typing import Any, Final

from recorder_core.errors import RecorderError
from recorder_core.jobs.archive import (
    JOB_KINDS,
    Archive,
    ArchivedEvent,
    JobKind,
    event_sign_offs,
    no_view_sentence,
)
from recorder_core.jobs.archive.words import COPY_STATES, Action, EventState, Profile, role_of
from workbench.server.entrance.access import EVENT_PATH, PLAYBACK_PATH, REVIEW_PATH
from workbench.server.pages.event_content import can_open, event_content
from workbench.server.pages.page import PageHandler, clock_text, has_playback
from workbench.server.pages.work import BEGINNING_KINDS, job_rows, startable_kinds
from workbench.wire import API_PATH

__all__ = ["EVENT_PAGES"]

#: sharp on screens of twice the pixels
_PICTURE_PX: Final = 640
#: of a job -> what its button says; what has no title here is started elsewhere
_TITLES: Final = {
    "deidentify": "De-identify",
    "rerender": "Render again",
    "report": "Make the report",
}
_SETTINGS: Final = {
    "allow_no_faces": "The copy may hide nothing: nobody is in the picture",
    "allow_seen_faces": "Faces that the check still sees may stay: a reviewer looks at them",
    "salvage": "The video is damaged or cut off: take what is there of it",
}


class _Event(PageHandler):
    async def get(self, event_id: str) -> None:
        """Show the page, without any name."""
        self.show("event.html", **await self.in_turn(_values, self.signed_in.archive, event_id))


def _values(archive: Archive, event_id: str) -> dict[str, Any]:
    event = archive.event(event_id)
    starting = startable_kinds(archive)
    is_live = event.row.state is not EventState.DELETED
    kinds = [JOB_KINDS[each] for each in starting if each in _TITLES] if is_live else []
    return {
        "event": _facts(archive, event),
        "links": _links(archive, event),
        "kinds": [_kind(each, event.row.state) for each in kinds],
        "jobs": job_rows(archive, event.event_id),
        "starting": starting,
        "beginning": BEGINNING_KINDS,
        "only": event.event_id,
        "downloads": _downloads(archive, event),
        "content": event_content(archive, event),
        "may_set_view": is_live and archive.may(Action.DEIDENTIFY),
        "frames": _drawable_frames(archive, event) if is_live else 0,
        "no_view": f"{_capital(no_view_sentence(event.event_id).partition('; ')[0])}.",
        "may_grant": is_live and archive.may(Action.GRANT),
        "needs_words": archive.profile is Profile.ADMINISTRATOR,
    }


def _drawable_frames(archive: Archive, event: ArchivedEvent) -> int:
    """Return how many frames of the original a person may draw the room view on; often none."""
    try:
        if archive.may(Action.DEIDENTIFY) and can_open(event, "original"):
            return archive.frame_count(event.event_id) or 0
    except RecorderError:
        return 0  # there is none yet, or it is cut off
    return 0


def _facts(archive: Archive, event: ArchivedEvent) -> dict[str, Any]:
    row, view = event.row, event.room_view()
    signed = event_sign_offs(archive, event.event_id)
    is_open = row.state is EventState.IN_REVIEW
    return {
        "id": row.event_id,
        "procedure": row.procedure_code,
        "site": row.site_code,
        "state": row.state.value,
        "sign": row.state.value.replace(" ", "-"),
        "started": row.started_utc.strftime("%Y-%m-%d %H:%M"),
        "lasts": clock_text(row.duration_seconds),
        "view": str(view) if view else "",
        "signed_off_by": ", ".join(signed.signed_off_by),
        "waits": is_open and 0 < len(signed.signed_off_by) < signed.needed,
    }


def _links(archive: Archive, event: ArchivedEvent) -> dict[str, str]:
    roles = {each.role for each in event.files()}
    has_copy = event.row.state in COPY_STATES and "deidentified" in roles
    is_seen = has_copy and event.may_still_read("deidentified")
    plays = has_playback(archive, event, roles)
    thumbnail = f"{API_PATH}/events/{event.event_id}/thumbnail?width_px={_PICTURE_PX}"
    may_review = has_copy and archive.may(Action.REVIEW)
    return {
        "review": f"{REVIEW_PATH}{event.event_id}" if may_review else "",
        "playback": f"{PLAYBACK_PATH}?events={event.event_id}" if plays else "",
        "picture": thumbnail if is_seen else "",
    }


def _kind(kind: JobKind, state: EventState) -> dict[str, Any]:
    is_possible = state in (kind.states or ())
    return {
        "name": kind.name,
        "title": _TITLES[kind.name],
        "about": f"{_capital(kind.summary)}.",
        "is_possible": is_possible,
        "needs": [each.value for each in kind.states or ()],
        "settings": _options(kind) if is_possible else [],
    }


def _options(kind: JobKind) -> list[tuple[str, str]]:
    return [(each.name, _SETTINGS[each.name]) for each in kind.settings]


def _downloads(archive: Archive, event: ArchivedEvent) -> list[dict[str, str]]:
    newest = {each.role: each for each in event.files()}
    found = []
    for role, row in newest.items():
        kind = role_of(role)
        if not archive.may(kind.export) or (kind.is_of_copy and not event.is_released):
            continue
        url = f"{API_PATH}/events/{event.event_id}/export/{role}"
        mib = f"{max(row.size_bytes / 2**20, 0.1):.1f}"
        name = f"Newest {kind.words}" if kind.is_numbered else _capital(kind.words)
        found.append({"role": role, "name": name, "url": url, "mib": mib})
    return found


def _capital(text: str) -> str:
    return text[:1].upper() + text[1:]


#: pattern and handler, as Tornado takes them
EVENT_PAGES: Final[list[tuple[Any, ...]]] = [(rf"{EVENT_PATH}([A-Za-z0-9-]{{1,64}})", _Event)]
