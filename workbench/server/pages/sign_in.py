"""Where each begins: sign in, sign out, and the files that every page loads."""

from __future__ import annotations

import re
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path
from typing import Any, Final

from jupyter_server.auth.decorator import allow_unauthenticated
from tornado.web import StaticFileHandler

from recorder_core.errors import NoKeyMatches, RecorderError, SignInDelayed
from recorder_core.jobs.archive.words import Password
from workbench.server.entrance.gate import asking, cookie_name
from workbench.server.entrance.sessions import SignedIn
from workbench.server.pages.page import PageHandler
from workbench.server.web.handlers import explain, http_status
from workbench.server.web.turns import Turns

__all__ = ["SIGN_IN_PAGES"]

_STATIC: Final = Path(__file__).parents[1] / "static"
#: what is bundled of the widgets' scripts
_BUNDLES: Final = Path(__file__).parents[2] / "widgets" / "static"
#: a path of this server: "//elsewhere" is another one
_OWN_PATH: Final = re.compile(r"/(?![/\\])[!-\[\]-~]*")
#: guesses at passwords are slow on purpose: they wait for each other, not for the people at work
_SIGN_INS: Final = ThreadPoolExecutor(2, thread_name_prefix="sign-in")
#: of one address
_GUESSES: Final = Turns(at_once=1, waiting=3)
_MAX_TYPED: Final = 1024
#: what a browser forgets of a person: frames of copies lie there
_KEPT: Final = '"cache"'


class _Login(PageHandler):
    @allow_unauthenticated
    def get(self) -> None:
        """Show the form."""
        if asking(self.request).signed_in is not None:
            self.redirect(self._next())
            return
        # a session may have ended without a click: what it showed is not the next person's
        self.set_header("Clear-Site-Data", _KEPT)
        self._form("")

    head = get

    @allow_unauthenticated
    async def post(self) -> None:
        """Sign in; a browser that was signed in as somebody is so no more."""
        login = self.get_body_argument("login", "")[:_MAX_TYPED].strip().lower()
        password = Password(self.get_body_argument("password", "", strip=False)[:_MAX_TYPED])
        address = self.request.remote_ip or ""
        try:
            work = partial(self.sessions.sign_in, login, password, address=address)
            signed_in = await self.in_turn(work, pool=_SIGN_INS, turns=_GUESSES, whose=address)
        except RecorderError as error:
            self._refuse(login, error)
            return
        if before := self.get_cookie(cookie_name(self.request)):
            await self.in_turn(self.sessions.sign_out, before, whose=address)
        self._keep(signed_in)
        self.redirect(self._next())

    def _keep(self, signed_in: SignedIn) -> None:
        is_tls = self.request.protocol == "https"
        self.set_cookie(
            cookie_name(self.request),
            signed_in.token,
            httponly=True,
            samesite="Strict",
            secure=is_tls,
            path="/",
        )
        # scripts of pages read it, to send it back with what they ask
        self.set_cookie("_xsrf", signed_in.form_token, samesite="Strict", secure=is_tls, path="/")

    def _refuse(self, login: str, error: RecorderError) -> None:
        self.set_status(http_status(error))
        sentence, _ = explain(self, error, http_status(error))
        if isinstance(error, NoKeyMatches):
            sentence = "The login or the password is wrong. Check both and try again."
            self._form(sentence, login, said="log_wrong")
        elif isinstance(error, SignInDelayed):
            seconds = int(error.retry_after_seconds) + 1
            self.set_header("Retry-After", str(seconds))
            self._form(sentence, login, said="log_delayed", seconds=seconds)
        else:
            self._form(sentence, login)

    def _form(self, sentence: str, login: str = "", *, said: str = "", seconds: int = 0) -> None:
        """Show the form; `said` is the name by which the page knows the sentence."""
        told = {"sentence": sentence, "said": said, "seconds": seconds, "login": login}
        ended = self.get_argument("ended", "")
        self.show("login.html", **told, next=self._next(), ended=ended)

    def _next(self) -> str:
        asked = self.get_argument("next", "/")
        return asked if _OWN_PATH.fullmatch(asked) else "/"


class _Logout(PageHandler):
    async def post(self) -> None:
        """Sign out: the keys are forgotten, and the token opens nothing any more."""
        token = self.signed_in.token
        await self.in_turn(self.sessions.sign_out, token)
        name = cookie_name(self.request)
        self.clear_cookie(name, path="/", secure=name.startswith("__Host-"))
        self.clear_cookie("_xsrf", path="/")
        # what else is kept goes when the login page opens, but for what is sealed for one person
        self.set_header("Clear-Site-Data", _KEPT)
        self.redirect("/login")


class _Home(PageHandler):
    def get(self) -> None:
        """Redirect to where a person works."""
        self.redirect("/library")

    head = get


class _Static(StaticFileHandler):
    def set_extra_headers(self, path: str) -> None:
        """Keep a browser from taking a file for something that it is not."""
        del path
        self.set_header("X-Content-Type-Options", "nosniff")


#: pattern, handler and its options, as Tornado takes them
SIGN_IN_PAGES: Final[list[tuple[Any, ...]]] = [
    (r"/", _Home),
    (r"/login", _Login),
    (r"/logout", _Logout),
    (
        r"/workbench/static/(dashboard\.js|pagewords\.js|record\.js|original\.js|widgets\.css)",
        _Static,
        {"path": str(_BUNDLES)},
    ),
    (r"/workbench/static/([a-z.]+)", _Static, {"path": str(_STATIC)}),
]
