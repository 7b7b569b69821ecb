"""What the pages of the server itself have in common."""

from __future__ import annotations

from typing import Any

from workbench.server.web.handlers import WorkbenchHandler
from workbench.server.web.templates import PAGE_POLICY, write_page

__all__ = ["PageHandler", "clock_text"]


class PageHandler(WorkbenchHandler):
    """A page of the server's own."""

    @property
    def content_security_policy(self) -> str:
        """What a browser may load for it."""
        return PAGE_POLICY

    def show(self, name: str, **values: Any) -> None:
        """Write a page from its template."""
        write_page(self, name, xsrf=self.xsrf_form_html(), **values)


def clock_text(seconds: float | None) -> str:
    """Return hours, minutes and seconds, as every page shows them."""
    if seconds is None:
        return "not known"
    whole = round(seconds)
    return f"{whole // 3600:02d}:{whole // 60 % 60:02d}:{whole % 60:02d}"
