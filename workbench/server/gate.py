"""The gate before every address: who holds which token, and whether the profile may ask.

It replaces nothing of Jupyter's checks; it decides before a handler is made, so that a handler
without checks of its own is behind it too.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Final
from urllib.parse import quote

from jupyter_server.auth.decorator import allow_unauthenticated
from tornado.httputil import HTTPServerRequest
from tornado.web import Application, HTTPError

from workbench.server.access import Holder, may_ask, named_kernel
from workbench.server.handlers import WorkbenchHandler
from workbench.server.sessions import Sessions, SignedIn

__all__ = ["COOKIE", "Asking", "asking", "guard"]

#: of the browser's token
COOKIE: Final = "workbench-session"
IsOwn = Callable[[str, SignedIn | None], bool]
#: header of what a page asks by itself: it does not keep a session open
_POLL: Final = "X-Workbench-Poll"
_ATTRIBUTE: Final = "workbench_asking"
#: of the header that a kernel sends
_SCHEMES: Final = ("bearer", "token")


@dataclass(frozen=True, slots=True)
class Asking:
    """Who sends a request, and with what kind of token."""

    signed_in: SignedIn | None
    holder: Holder = "browser"


def asking(request: HTTPServerRequest) -> Asking:
    """Return who sends a request, as the gate has found; nobody where it did not ask."""
    found = getattr(request, _ATTRIBUTE, None)
    return found if isinstance(found, Asking) else Asking(None)


def guard(application: Application, sessions: Sessions, is_own: IsOwn) -> None:
    """Add the gate before every address of an application.

    Parameters
    ----------
    application : Application
        Of Tornado.
    sessions : Sessions
        Who is signed in.
    is_own : callable
        Returns whether a kernel of this id is a person's own.
    """
    find_handler: Callable[..., Any] = application.find_handler

    def find(request: HTTPServerRequest, **options: Any) -> Any:
        who = _identify(request, sessions)
        setattr(request, _ATTRIBUTE, who)
        profile = who.signed_in.profile if who.signed_in else None
        kernel_id = named_kernel(request.path)
        may = may_ask(profile, request.method or "", request.path, holder=who.holder)
        if may and (kernel_id is None or is_own(kernel_id, who.signed_in)):
            return find_handler(request, **options)
        return application.get_handler_delegate(request, _Refusal)

    application.find_handler = find  # type: ignore[method-assign]


def _identify(request: HTTPServerRequest, sessions: Sessions) -> Asking:
    scheme, _, token = request.headers.get("Authorization", "").partition(" ")
    if scheme.lower() in _SCHEMES:
        return Asking(sessions.find_kernel(token.strip()), "kernel")
    cookie = request.cookies.get(COOKIE)
    is_use = request.headers.get(_POLL) != "1"
    return Asking(sessions.find(cookie.value, is_use=is_use) if cookie else None)


class _Refusal(WorkbenchHandler):
    """Answers what the gate does not let through."""

    @allow_unauthenticated
    def get(self) -> None:
        """Redirect a page that nobody signed in for to the login; refuse the rest."""
        is_page = "text/html" in self.request.headers.get("Accept", "")
        if is_page and asking(self.request).signed_in is None:
            self.redirect(f"/login?next={quote(self.request.uri or '/', safe='')}")
            return
        self._refuse()

    head = post = put = patch = delete = options = get

    def check_xsrf_cookie(self) -> None:
        """Check nothing: nothing is done."""

    def _refuse(self) -> None:
        signed_in = asking(self.request).signed_in
        if signed_in is None:
            raise HTTPError(401, reason="Sign in first")
        raise HTTPError(403, reason=f"The profile {signed_in.profile} may not open this address")
