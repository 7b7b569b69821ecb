"""What every address of the workbench has in common: who asks, and errors as one sentence."""

from __future__ import annotations

import asyncio
import json
import logging
import secrets
from collections.abc import Callable
from concurrent.futures import Executor
from typing import Any, Final, TypeVar, cast

from jupyter_server.base.handlers import JupyterHandler
from tornado.web import HTTPError

from recorder_core.errors import (
    NoKeyMatches,
    NotAllowed,
    NotInCatalog,
    RecorderError,
    SettingsError,
    SignInDelayed,
    WrongState,
)
from workbench.server.sessions import Sessions, SignedIn
from workbench.server.turns import TooMany, Turns

__all__ = ["SESSIONS", "WorkbenchHandler", "http_status"]

#: where the server's settings hold the :class:`Sessions`
SESSIONS: Final = "workbench_sessions"
#: two of one person's are looked for at a time
_ANSWERS: Final = Turns(at_once=2, waiting=62)
_Result = TypeVar("_Result")
_LOG: Final = logging.getLogger("workbench.server")
#: the first that fits counts
_STATUS: Final[tuple[tuple[type[RecorderError], int], ...]] = (
    (NotAllowed, 403),
    (NoKeyMatches, 403),
    (NotInCatalog, 404),
    (SignInDelayed, 429),
    (WrongState, 409),
    (SettingsError, 400),
)


def http_status(error: BaseException) -> int:
    """Return the status that says what an error means to a browser."""
    if isinstance(error, HTTPError):
        return int(error.status_code)
    return next((status for kind, status in _STATUS if isinstance(error, kind)), 500)


class WorkbenchHandler(JupyterHandler):
    """An address of the workbench, for who is signed in.

    Attributes
    ----------
    signed_in : SignedIn
        Who asks; 403 if nobody does.
    """

    @property
    def sessions(self) -> Sessions:
        """Everybody who is signed in."""
        return cast(Sessions, self.settings[SESSIONS])

    def get_current_user(self) -> Any:
        """Return who asks; nobody as long as the request cannot be read, which is no error here."""
        return getattr(self, "_jupyter_current_user", None)

    @property
    def signed_in(self) -> SignedIn:
        """Who asks."""
        found = getattr(self.current_user, "signed_in", None)
        if not isinstance(found, SignedIn):
            raise HTTPError(403, reason="Sign in first")
        return found

    async def in_turn(
        self,
        work: Callable[..., _Result],
        *arguments: Any,
        pool: Executor | None = None,
        turns: Turns = _ANSWERS,
        whose: object = None,
    ) -> _Result:
        """Return what blocking work returns, without holding up others.

        Parameters
        ----------
        work : callable
            To call in a thread.
        *arguments
            Of the work.
        pool : Executor, optional
            Of threads; unless given, the one for all answers.
        turns : Turns, optional
            Who waits for whom.
        whose : object, optional
            Whose turn it is; unless given, the person's who asks.

        Raises
        ------
        TooMany
            If the person has asked for too much that is not answered yet.
        HTTPError
            401 if the session ended meanwhile, and the archive is closed to the work.
        """
        async with turns.turn(whose or self.signed_in.login):
            try:
                return await asyncio.get_running_loop().run_in_executor(pool, work, *arguments)
            except RecorderError as error:
                signed_in = getattr(self.current_user, "signed_in", None)
                if isinstance(signed_in, SignedIn) and not self.sessions.is_open(signed_in):
                    raise HTTPError(401, reason="Sign in first") from error
                raise

    def write_error(self, status_code: int, **options: Any) -> None:
        """Write one sentence and an id for the log, never a traceback."""
        error = options.get("exc_info", (None, None, None))[1]
        status = http_status(error) if error is not None else status_code
        sentence, error_id = self.explain(error, status)
        self.set_status(status)
        self.say_when(error)
        self.set_header("Content-Type", "application/json; charset=utf-8")
        self.finish(json.dumps({"error": sentence, "id": error_id}))

    def say_when(self, error: BaseException | None) -> None:
        """Set when a browser may ask again, where it asks too often."""
        if isinstance(error, SignInDelayed):
            self.set_header("Retry-After", str(int(error.retry_after_seconds) + 1))
        elif isinstance(error, TooMany):
            self.set_header("Retry-After", "1")

    def log_exception(self, *details: Any) -> None:
        """Log nothing here: `explain` does, with the id that the person sees."""

    def explain(self, error: BaseException | None, status: int) -> tuple[str, str]:
        """Return one sentence for a person, and the id under which the log has the rest."""
        error_id = secrets.token_hex(4)
        if isinstance(error, RecorderError) and status < 500:
            return str(error), error_id
        if isinstance(error, HTTPError) and status < 500:
            return error.reason or error.log_message or f"the server answers {status}", error_id
        _LOG.error("error %s", error_id, exc_info=error)
        if isinstance(error, RecorderError):
            return str(error), error_id
        return f"the server has a fault; tell the administrator the number {error_id}", error_id
