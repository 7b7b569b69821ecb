"""What the pages of the server itself have in common."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any

from recorder_core.jobs.archive import Archive, ArchivedEvent
from recorder_core.jobs.archive.words import RELEASED_STATES, Action
from workbench.server.web.handlers import WorkbenchHandler
from workbench.server.web.templates import PAGE_POLICY, write_page

__all__ = ["PageHandler", "clock_text", "has_playback"]


class PageHandler(WorkbenchHandler):
    """A page of the server's own."""

    @property
    def content_security_policy(self) -> str:
        """What a browser may load for it."""
        return PAGE_POLICY

    def show(self, name: str, **values: Any) -> None:
        """Write a page from its template."""
        write_page(self, name, xsrf=self.xsrf_form_html(), **values)


def has_playback(archive: Archive, event: ArchivedEvent, roles: Collection[str]) -> bool:
    """Return whether the page Playback has something of an event: signals, or a released copy."""
    is_released = event.row.state in RELEASED_STATES and "deidentified" in roles
    return archive.may(Action.READ_SIGNALS) and ("signals" in roles or is_released)


def clock_text(seconds: float | None) -> str:
    """Return hours, minutes and seconds, as every page shows them."""
    if seconds is None:
        return "not known"
    whole = round(seconds)
    return f"{whole // 3600:02d}:{whole // 60 % 60:02d}:{whole % 60:02d}"
