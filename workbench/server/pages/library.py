"""The page of the library: events by state, text and date, with what can be done with each."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields
from typing import Any, Final, TypeAlias, cast
from urllib.parse import urlencode

from recorder_core.jobs.archive import Archive, ArchivedEvent, half_signed_events
from recorder_core.jobs.archive.words import (
    COPY_STATES,
    OPEN_COPY_STATES,
    Action,
    EventState,
)
from workbench.server.entrance.access import EVENT_PATH, PLAYBACK_PATH, REVIEW_PATH
from workbench.server.kernels.kernels import UserKernels
from workbench.server.pages.page import PageHandler, clock_text, has_playback
from workbench.wire import API_PATH

__all__ = ["LIBRARY_PAGES", "LibraryFilter"]

#: event -> who signed its copy off, where another reviewer must, too
Signed: TypeAlias = Mapping[str, Sequence[str]]
_MAX_TYPED: Final = 100
_DAY: Final = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")
#: sharp on screens of twice the pixels
_PICTURE_PX: Final = 192
#: so many events are on a page
PAGE_EVENTS: Final = 50
_PAGE: Final = re.compile(r"[1-9][0-9]{0,5}")


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
    page : str
        Its number from 1 up, where there are several; empty: the first.
    """

    state: str = ""
    search: str = ""
    since: str = ""
    until: str = ""
    page: str = ""

    @classmethod
    def of_query(cls, handler: PageHandler) -> LibraryFilter:
        """Read an address; what is no day bounds nothing."""
        found = {each.name: handler.get_argument(each.name, "") for each in fields(cls)}
        days = {
            name: found[name] if _DAY.fullmatch(found[name]) else "" for name in ("since", "until")
        }
        page = found["page"] if _PAGE.fullmatch(found["page"]) else ""
        search = found["search"].strip().lower()[:_MAX_TYPED]
        return cls(found["state"], search, **days, page=page)

    @property
    def is_open(self) -> bool:
        """Whether everything is shown."""
        return self == LibraryFilter(page=self.page)

    def with_state(self, state: str) -> str:
        """Return the address of the first page of events of another state, all else alike."""
        return self._address(state=state, page="")

    def with_page(self, page: int) -> str:
        """Return the address of another page, all else alike."""
        return self._address(page=str(page) if page > 1 else "")

    def _address(self, **changes: str) -> str:
        values = {each.name: getattr(self, each.name) for each in fields(self)} | changes
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
        cast(UserKernels, self.kernel_manager).prepare(self.signed_in)
        events = await self.in_turn(archive.events)
        found = [each for each in events if asked.has_in_time(each)]
        counts = {each: sum(event.row.state is each for event in found) for each in EventState}
        shown = [each for each in found if not asked.state or each.row.state == asked.state]
        pages = Pages(len(shown), int(asked.page or 1))
        half_signed = await self.in_turn(half_signed_events, archive)
        self.show(
            "library.html",
            events=await self.in_turn(_rows, archive, shown[pages.places], half_signed),
            total=len(events),
            found=len(found),
            counts={each: count for each, count in counts.items() if count},
            asked=asked,
            pages=pages,
            may=archive.may,
            actions=Action,
            next_review=_next_review(archive, events, half_signed),
        )


@dataclass(frozen=True, slots=True)
class Pages:
    """Which of many events a page shows."""

    count: int
    #: as it was asked for, from 1 up
    asked: int

    @property
    def number(self) -> int:
        """The page that is shown: the last one, where there are fewer."""
        return max(1, min(self.asked, -(-self.count // PAGE_EVENTS)))

    @property
    def places(self) -> slice:
        """Where the events of the page lie in the list of all."""
        return slice((self.number - 1) * PAGE_EVENTS, self.number * PAGE_EVENTS)

    @property
    def last(self) -> int:
        """How many events come up to the end of the page."""
        return min(self.count, self.number * PAGE_EVENTS)

    @property
    def has_more(self) -> bool:
        """Whether there is a page after this one."""
        return self.last < self.count


def _next_review(
    archive: Archive, events: Sequence[ArchivedEvent], half_signed: Signed
) -> dict[str, Any] | None:
    """Return the page of the event that has waited longest for this reviewer, and how many wait."""
    if not archive.may(Action.REVIEW):
        return None
    waiting = [
        each
        for each in events
        if each.row.state in OPEN_COPY_STATES
        if archive.login not in half_signed.get(each.event_id, ())
    ]
    oldest = min(waiting, key=lambda each: each.row.started_utc, default=None)
    return {"url": f"{REVIEW_PATH}{oldest.event_id}", "count": len(waiting)} if oldest else None


def _rows(
    archive: Archive, events: Sequence[ArchivedEvent], half_signed: Signed
) -> list[dict[str, Any]]:
    roles = archive.roles(events)
    return [
        _row(archive, each, roles.get(each.event_id, []))
        | {"next": _next_step(archive, each.row.state, half_signed.get(each.event_id, ()))}
        for each in events
    ]


def _row(archive: Archive, event: ArchivedEvent, roles: Sequence[str]) -> dict[str, Any]:
    row, interface = event.row, f"{API_PATH}/events/{event.event_id}"
    has_copy = row.state in COPY_STATES and "deidentified" in roles
    is_seen = has_copy and event.may_still_read("deidentified")
    event_id, procedure, site, state, started, lasts = _texts(event)
    may_compare = has_playback(archive, event, roles)
    may_deidentify = row.state is EventState.RECORDED and archive.may(Action.DEIDENTIFY)
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
        "picture": f"{interface}/thumbnail?width_px={_PICTURE_PX}" if is_seen else "",
        "details": f"{EVENT_PATH}{event_id}",
        "deidentify": f"{EVENT_PATH}{event_id}#work" if may_deidentify else "",
        "review": f"{REVIEW_PATH}{event_id}" if has_copy and archive.may(Action.REVIEW) else "",
        "playback": f"{PLAYBACK_PATH}?events={event_id}" if may_compare else "",
        "report": f"{interface}/files/report" if has_report else "",
    }


def _texts(event: ArchivedEvent) -> tuple[str, ...]:
    """Return what a row says, and a search finds."""
    row = event.row
    started = row.started_utc.strftime("%Y-%m-%d %H:%M")
    lasts = clock_text(row.duration_seconds)
    return row.event_id, row.procedure_code, row.site_code, row.state.value, started, lasts


def _next_step(archive: Archive, state: EventState, signers: Sequence[str]) -> tuple[str, str]:
    """Return what an event waits for: name of the sentence for scripts, and the sentence."""
    if signers:
        return "lib_second", "second review asked for"
    if state is EventState.RECORDING:
        return "lib_recording", "is being recorded"
    if state is EventState.RECORDED:
        return "lib_waitsCopy", "waits for de-identification"
    if state in OPEN_COPY_STATES and not archive.may(Action.REVIEW):
        return "lib_waitsReview", "waits for a reviewer"
    return "", ""


#: pattern and handler, as Tornado takes them
LIBRARY_PAGES: Final[list[tuple[Any, ...]]] = [(r"/library", _Library)]
