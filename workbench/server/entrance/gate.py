"""The gate before every address: who holds which token, and whether the profile may ask.

A browser's token counts from the network address that its person signed in from, and never from a
kernel's system user: a program that gets hold of a cookie, at another port of the same host for
instance, opens nothing with it.

It replaces nothing of Jupyter's checks; it decides before a handler is made, so that a handler
without checks of its own is behind it too.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from http.cookies import SimpleCookie
from typing import Any, Final, cast

from tornado.http1connection import HTTP1Connection
from tornado.httputil import HTTPServerRequest
from tornado.web import Application, RequestHandler

from workbench.server.entrance.access import (
    SMALL_BODY_BYTES,
    Holder,
    find_rule,
    may_ask,
    named_kernel,
)
from workbench.server.entrance.peers import find_uid
from workbench.server.entrance.sessions import Sessions, SignedIn
from workbench.server.system_users.uid_range import UidRange

__all__ = ["Asking", "asking", "cookie_name", "guard"]

#: of the browser's token; with TLS no other host or path can set or get it
_COOKIE: Final = "workbench-session"
_TLS_COOKIE: Final = "__Host-workbench-session"
#: where Tornado looks for what a form must carry
_FORM_COOKIE: Final = "_xsrf"
IsOwn = Callable[[str, SignedIn | None], bool]
#: header of what a page asks by itself: it does not keep a session open
_POLL: Final = "X-Workbench-Poll"
_ATTRIBUTE: Final = "workbench_asking"
#: of the header that a kernel sends
_SCHEMES: Final = ("bearer", "token")


@dataclass(frozen=True, slots=True)
class Asking:
    """Who sends a request, and with what kind of token; which kernel, if it is a kernel's."""

    signed_in: SignedIn | None
    holder: Holder = "browser"
    kernel_id: str | None = None


def asking(request: HTTPServerRequest) -> Asking:
    """Return who sends a request, as the gate has found; nobody where it did not ask."""
    found = getattr(request, _ATTRIBUTE, None)
    return found if isinstance(found, Asking) else Asking(None)


def cookie_name(request: HTTPServerRequest) -> str:
    """Return under which name the browser that sends a request keeps its token."""
    return _TLS_COOKIE if request.protocol == "https" else _COOKIE


def guard(
    application: Application,
    sessions: Sessions,
    is_own: IsOwn,
    uids: UidRange | None,
    refusal: type[RequestHandler],
) -> None:
    """Add the gate before every address of an application.

    Parameters
    ----------
    application : Application
        Of Tornado.
    sessions : Sessions
        Who is signed in.
    is_own : callable
        Returns whether a kernel of this id is a person's own.
    uids : UidRange or None
        System users of kernels, who ask with tokens of their own only.
    refusal : type
        Handler of what is not let through.
    """
    find_handler: Callable[..., Any] = application.find_handler

    def find(request: HTTPServerRequest, **options: Any) -> Any:
        who = _identify(request, sessions, uids)
        setattr(request, _ATTRIBUTE, who)
        profile = who.signed_in.profile if who.signed_in else None
        kernel_id = named_kernel(request.path)
        rule = find_rule(request.method or "", request.path)
        limit = rule.max_body_bytes if rule else SMALL_BODY_BYTES
        cast(HTTP1Connection, request.connection).set_max_body_size(limit)
        may = may_ask(profile, request.method or "", request.path, holder=who.holder)
        if may and (kernel_id is None or is_own(kernel_id, who.signed_in)):
            return find_handler(request, **options)
        return application.get_handler_delegate(request, refusal)

    application.find_handler = find  # type: ignore[method-assign]


def _identify(request: HTTPServerRequest, sessions: Sessions, uids: UidRange | None) -> Asking:
    scheme, _, token = request.headers.get("Authorization", "").partition(" ")
    if scheme.lower() in _SCHEMES:
        token = token.strip()
        return Asking(sessions.find_kernel(token), "kernel", sessions.kernel_id(token))
    cookie = request.cookies.get(cookie_name(request))
    signed_in = sessions.find(cookie.value, is_use=False) if cookie else None
    if signed_in is None or signed_in.address != (request.remote_ip or ""):
        return Asking(None)
    if uids is not None and _peer(request) in uids:
        return Asking(None)
    rule = find_rule(request.method or "", request.path)
    if request.headers.get(_POLL) != "1" and (rule is None or rule.is_use):
        sessions.find(signed_in.token)
    # what the browser sent for it may be another page's; the session's own is asked for
    request.cookies.update(SimpleCookie({_FORM_COOKIE: signed_in.form_token}))
    return Asking(signed_in)


def _peer(request: HTTPServerRequest) -> int | None:
    connection = cast(HTTP1Connection, request.connection)
    # a browser that went away meanwhile leaves a stream without a socket
    found = connection.stream.socket if connection.stream else None
    return None if found is None else find_uid(found)
