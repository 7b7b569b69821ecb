"""The page of the library: events by state, text and date, with what can be done with each."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, fields
from typing import Any, Final
from urllib.parse import urlencode

from recorder_core.jobs.archive import Archive, ArchivedEvent
from recorder_core.jobs.archive.words import (
    COPY_STATES,
    OPEN_COPY_STATES,
    RELEASED_STATES,
    Action,
    EventState,
)
from workbench.server.entrance.access import PLAYBACK_PATH, PROFILING_PATH, REVIEW_PATH
from workbench.server.pages.page import PageHandler, clock_text
from workbench.wire import API_PATH

__all__ = ["LIBRARY_PAGES", "LibraryFilter"]

_MAX_TYPED: Final = 100
_DAY: Final = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")
#: sharp on screens of twice the pixels
_PICTURE_PX: Final = 192


@dataclass(frozen=True, slots=True)
class LibraryFilter:
    """What of the library is shown; it stands in the address.

    Attributes
    ----------
    state : str
        Of the events; empty: of any.
    search : str
        In small letters: a text in what a row shows.
    since, until : str
        Days on which events began, such as 2026-01-31, both included; empty: no bound.
    """

    state: str = ""
    search: str = ""
    since: str = ""
    until: str = ""

    @classmethod
    def of_query(cls, handler: PageHandler) -> LibraryFilter:
        """Read an address; what is no day bounds nothing."""
        found = {each.name: handler.get_argument(each.name, "") for each in fields(cls)}
        days = {
            name: found[name] if _DAY.fullmatch(found[name]) else "" for name in ("since", "until")
        }
        return cls(found["state"], found["search"].strip().lower()[:_MAX_TYPED], **days)

    @property
    def is_open(self) -> bool:
        """Whether everything is shown."""
        return self == LibraryFilter()

    def with_state(self, state: str) -> str:
        """Return the address that shows events of another state, all else alike."""
        values = {each.name: getattr(self, each.name) for each in fields(self)} | {"state": state}
        query = urlencode({name: value for name, value in values.items() if value})
        return f"/library?{query}" if query else "/library"

    def has_in_time(self, event: ArchivedEvent) -> bool:
        """Return whether an event is of the days, and has the text."""
        day = event.row.started_utc.strftime("%Y-%m-%d")
        if (self.since and day < self.since) or (self.until and day > self.until):
            return False
        return not self.search or self.search in " ".join(_texts(event)).lower()


class _Library(PageHandler):
    async def head(self) -> None:
        """Answer as to GET; the body is left out."""
        await self.get()

    async def get(self) -> None:
        """Show the events, without any name."""
        asked = LibraryFilter.of_query(self)
        archive = self.signed_in.archive
        events = await self.in_turn(archive.events)
        found = [each for each in events if asked.has_in_time(each)]
        counts = {each: sum(event.row.state is each for event in found) for each in EventState}
        shown = [each for each in found if not asked.state or each.row.state == asked.state]
        self.show(
            "library.html",
            events=await self.in_turn(_rows, archive, shown),
            total=len(events),
            found=len(found),
            counts={each: count for each, count in counts.items() if count},
            asked=asked,
            may=archive.may,
            actions=Action,
            next_review=_next_review(archive, events),
            playback=PLAYBACK_PATH,
            profiling=PROFILING_PATH,
        )


def _next_review(archive: Archive, events: Sequence[ArchivedEvent]) -> str:
    """Return the page of the event that has waited longest for a reviewer; empty: none."""
    if not archive.may(Action.REVIEW):
        return ""
    waiting = [each for each in events if each.row.state in OPEN_COPY_STATES]
    oldest = min(waiting, key=lambda each: each.row.started_utc, default=None)
    return f"{REVIEW_PATH}{oldest.event_id}" if oldest else ""


def _rows(archive: Archive, events: Sequence[ArchivedEvent]) -> list[dict[str, Any]]:
    roles = archive.roles(events)
    return [_row(archive, each, roles.get(each.event_id, [])) for each in events]


def _row(archive: Archive, event: ArchivedEvent, roles: Sequence[str]) -> dict[str, Any]:
    row, interface = event.row, f"{API_PATH}/events/{event.event_id}"
    has_copy = row.state in COPY_STATES and "deidentified" in roles
    is_seen = has_copy and event.may_still_read("deidentified")
    event_id, procedure, site, state, started, lasts = _texts(event)
    may_compare = archive.may(Action.READ_SIGNALS) and ("signals" in roles or is_seen)
    has_report = "report" in roles and archive.may(Action.REPORT_FULL)
    return {
        "id": event_id,
        "procedure": procedure,
        "site": site,
        "state": state,
        "sign": state.replace(" ", "-"),
        "started": started,
        "lasts": lasts,
        # of the copy, never of the original
        "picture": f"{interface}/pictures/deidentified/0?width_px={_PICTURE_PX}" if is_seen else "",
        "review": f"{REVIEW_PATH}{event_id}" if has_copy and archive.may(Action.REVIEW) else "",
        "playback": f"{PLAYBACK_PATH}?events={event_id}" if may_compare else "",
        "report": f"{interface}/files/report" if has_report else "",
        "commands": _commands(archive, event),
        "next": _next_step(archive, row.state),
    }


def _texts(event: ArchivedEvent) -> tuple[str, ...]:
    """Return what a row says, and a search finds."""
    row = event.row
    started = row.started_utc.strftime("%Y-%m-%d %H:%M")
    lasts = clock_text(row.duration_seconds)
    return row.event_id, row.procedure_code, row.site_code, row.state.value, started, lasts


def _commands(archive: Archive, event: ArchivedEvent) -> list[dict[str, str]]:
    """Return what this person does with an event in a terminal."""
    state, found = event.row.state, []
    if state is EventState.RECORDED and archive.may(Action.DEIDENTIFY):
        sentence = "A job makes the copy; Jobs shows how far it is:"
        command = f"workbench job start deidentify {event.event_id}"
        found.append({"name": "De-identify", "sentence": sentence, "command": command})
    if state in RELEASED_STATES and archive.may(Action.EXPORT_RELEASED):
        sentence = "What your profile may take out is written in clear by a terminal:"
        command = f"workbench event export {event.event_id} -o FOLDER"
        found.append({"name": "Export", "sentence": sentence, "command": command})
    return found


def _next_step(archive: Archive, state: EventState) -> str:
    """Return what an event waits for that this person cannot do."""
    if state is EventState.RECORDING:
        return "is being recorded"
    if state is EventState.RECORDED and not archive.may(Action.DEIDENTIFY):
        return "waits for de-identification"
    if state in OPEN_COPY_STATES and not archive.may(Action.REVIEW):
        return "waits for a reviewer"
    return ""


#: pattern and handler, as Tornado takes them
LIBRARY_PAGES: Final[list[tuple[Any, ...]]] = [(r"/library", _Library)]
