"""How a page of the server's own is written: from its template, with nothing from elsewhere."""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import Any, Final

from tornado.template import Loader
from tornado.web import RequestHandler

from workbench.server.entrance.access import may_ask
from workbench.server.entrance.gate import asking
from workbench.server.system_users.person_folders import FOLDERS

__all__ = ["PAGE_POLICY", "wants_page", "write_page"]

_TEMPLATES: Final = Path(__file__).parents[1] / "templates"
#: what the pages of the server need; nothing of them is inline, and nothing from elsewhere
PAGE_POLICY: Final = (
    "default-src 'none'; style-src 'self'; script-src 'self'; img-src 'self'; media-src 'self'; "
    "connect-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
)


@cache
def _loader() -> Loader:
    return Loader(str(_TEMPLATES), autoescape="xhtml_escape")


def wants_page(handler: RequestHandler) -> bool:
    """Return whether a browser asks for something to show: programs do not ask for HTML."""
    return "text/html" in handler.request.headers.get("Accept", "")


def write_page(handler: RequestHandler, name: str, **values: Any) -> None:
    """Finish an answer with a page.

    Parameters
    ----------
    handler : RequestHandler
        Whose answer it is.
    name : str
        Of the template.
    **values
        For the template, beside `who` is signed in and `xsrf`, what a form must carry.
    """
    handler.set_header("Content-Type", "text/html; charset=utf-8")
    handler.set_header("Content-Security-Policy", PAGE_POLICY)
    handler.set_header("Cache-Control", "no-store")
    who = asking(handler.request).signed_in
    form = f'<input type="hidden" name="_xsrf" value="{who.form_token}">' if who else ""
    told = {"who": who, "xsrf": form, "may_ask": may_ask}
    values = told | {"keeps_notebooks": FOLDERS in handler.settings} | values
    handler.finish(_loader().load(name).generate(**values))
