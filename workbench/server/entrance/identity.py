"""Who a browser or a kernel is, for Jupyter: what the gate has found, and nothing else."""

from __future__ import annotations

from typing import Any

from jupyter_server.auth import Authorizer, IdentityProvider, User
from tornado.web import RequestHandler

from workbench.server.entrance.access import may_ask
from workbench.server.entrance.gate import asking
from workbench.server.entrance.sessions import SignedIn

__all__ = ["ArchiveAuthorizer", "ArchiveIdentity", "Person"]


class Person(User):
    """A user of the archive, as Jupyter knows users."""

    #: no field of the data class, so that it is copied into no answer
    signed_in: SignedIn | None = None


class ArchiveIdentity(IdentityProvider):
    """Takes people from the sessions of the server; there is no other way in."""

    token = ""

    @property
    def auth_enabled(self) -> bool:
        """Whether people must sign in: always."""
        return True

    @property
    def login_available(self) -> bool:
        """Whether there is a login page."""
        return True

    def get_user(self, handler: RequestHandler) -> Person | None:
        """Return who asks; None if nobody signed in."""
        signed_in = asking(handler.request).signed_in
        if signed_in is None:
            return None
        person = Person(username=signed_in.login)
        person.signed_in = signed_in
        return person

    def is_token_authenticated(self, handler: RequestHandler) -> bool:
        """Return whether a kernel asks: it sends its token itself, so no page can forge that."""
        who = asking(handler.request)
        return who.holder == "kernel" and who.signed_in is not None

    def get_handlers(self) -> list[tuple[str, object]]:
        """Return no pages: the workbench has its own."""
        return []

    def validate_security(self, app: Any, ssl_options: Any = None) -> None:
        """Check nothing: `workbench serve` has checked what it starts."""


class ArchiveAuthorizer(Authorizer):
    """Asks the table of addresses once more, where Jupyter asks."""

    def is_authorized(
        self, handler: RequestHandler, user: User, action: str, resource: str
    ) -> bool:
        """Return whether a person may ask for the address of a request."""
        del action, resource  # the address says more than Jupyter's words for it
        who, request = asking(handler.request), handler.request
        if who.signed_in is None or user.username != who.signed_in.login:
            return False
        return may_ask(who.signed_in.profile, request.method or "", request.path, holder=who.holder)
