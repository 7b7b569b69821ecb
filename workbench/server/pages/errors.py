"""Errors, as people see them: a page for a browser, JSON for a program, whoever made the address.

Jupyter's own pages of errors ask other servers for what they show; no browser gets one of them.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from typing import Any, Final
from urllib.parse import quote

from jupyter_server.auth.decorator import allow_unauthenticated
from jupyter_server.base.handlers import APIHandler
from tornado.httputil import HTTPServerRequest
from tornado.web import Application, HTTPError, RequestHandler

from recorder_core.errors import NotAllowed
from recorder_core.jobs.archive.words import Action
from recorder_core.model.values.phrase import phrase
from workbench.server.entrance.access import is_known, needed_action
from workbench.server.entrance.gate import asking
from workbench.server.entrance.sessions import SignedIn
from workbench.server.web.handlers import SIGN_IN_FIRST, WorkbenchHandler, write_error
from workbench.server.web.templates import wants_page

__all__ = ["Refusal", "show_error_pages"]


class Refusal(WorkbenchHandler):
    """Answers what the gate does not let through."""

    @allow_unauthenticated
    async def get(self) -> None:
        """Redirect a page that nobody signed in for to the login; refuse the rest."""
        if wants_page(self) and asking(self.request).signed_in is None:
            self.redirect(f"/login?next={quote(self.request.uri or '/', safe='')}")
            return
        await self._refuse()

    head = post = put = patch = delete = options = get

    def check_xsrf_cookie(self) -> None:
        """Check nothing: nothing is done."""

    async def _refuse(self) -> None:
        signed_in = asking(self.request).signed_in
        if signed_in is None:
            raise HTTPError(401, reason=SIGN_IN_FIRST)
        if not is_known(self.request.path):
            raise HTTPError(404, reason=phrase("no_page", "There is nothing at this address"))
        if (action := needed_action(self.request.path)) is not None:
            # logged in the archive, for whom the profile does not open it
            try:
                await self.in_turn(_refuse, signed_in, action)
            except NotAllowed:
                if action is Action.RUN_CODE:
                    raise
        raise HTTPError(
            403,
            reason=phrase(
                "no_entry",
                "The profile {profile} may not open this address",
                profile=signed_in.profile,
            ),
        )


def _refuse(signed_in: SignedIn, action: Action) -> None:
    with signed_in.lock:
        signed_in.archive.refuse_unless(action)


def show_error_pages(application: Application) -> None:
    """Make every handler of an application, of whatever extension, answer errors as ours do."""
    deliver: Callable[..., Any] = application.get_handler_delegate

    def get_handler_delegate(
        request: HTTPServerRequest, target_class: Any, *rest: Any, **options: Any
    ) -> Any:
        return deliver(request, _with_our_errors(target_class), *rest, **options)

    application.get_handler_delegate = get_handler_delegate  # type: ignore[method-assign]


class _OurErrors(RequestHandler):
    """What stands before a handler of others."""

    def write_error(self, status_code: int, **options: Any) -> None:
        """Write a page for a browser; a program of Jupyter's gets what it expects."""
        if isinstance(self, APIHandler) and not wants_page(self):
            super().write_error(status_code, **options)
            return
        write_error(self, status_code, options.get("exc_info", (None, None, None))[1])


#: so that a page of its own is made for nothing twice
_OURS: Final = (WorkbenchHandler, _OurErrors)


@cache
def _with_our_errors(handler: Any) -> Any:
    if issubclass(handler, _OURS):
        return handler
    return type(handler.__name__, (_OurErrors, handler), {"__module__": handler.__module__})
