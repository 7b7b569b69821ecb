"""What every address of the workbench has in common: who asks, and errors as one sentence."""

from __future__ import annotations

import asyncio
import json
import logging
import secrets
from collections.abc import Callable, Mapping
from concurrent.futures import Executor
from typing import Any, Final, TypeVar, cast

from jupyter_server.base.handlers import JupyterHandler
from tornado.web import HTTPError, RequestHandler

from recorder_core import errors
from recorder_core.errors import RecorderError, SignInDelayed
from recorder_core.full_disk import is_full_disk
from recorder_core.model.values.phrase import Phrase, error_text, phrase, said
from workbench.server.entrance.gate import asking
from workbench.server.entrance.sessions import Sessions, SignedIn
from workbench.server.web.templates import wants_page, write_page
from workbench.server.web.turns import TooMany, Turns
from workbench.wire import error_code

__all__ = [
    "INBOX",
    "SESSIONS",
    "SIGN_IN_FIRST",
    "WorkbenchHandler",
    "explain",
    "http_status",
    "write_error",
]

#: where the server's settings hold the :class:`Sessions`
SESSIONS: Final = "workbench_sessions"
#: where they hold the folder of the inbox
INBOX: Final = "workbench_inbox"
#: two of one person's are looked for at a time
_ANSWERS: Final = Turns(at_once=2, waiting=62)
_Result = TypeVar("_Result")
_LOG: Final = logging.getLogger("workbench.server")
#: the first that fits counts
_STATUS: Final[tuple[tuple[type[RecorderError], int], ...]] = (
    (errors.NotAllowed, 403),
    (errors.NoKeyMatches, 403),
    (errors.NotInCatalog, 404),
    (errors.SignInDelayed, 429),
    (errors.WrongState, 409),
    (errors.EditConflict, 409),
    (errors.ArchiveTruncated, 409),
    (errors.CatalogBusy, 503),
    (errors.CatalogDamaged, 500),
    (errors.CatalogSplit, 500),
    (errors.AuditError, 500),
    (errors.SettingsError, 400),
    (errors.FolderInUse, 400),
    (errors.DataError, 400),
    (errors.CatalogError, 400),
    (errors.DecodeError, 422),
)
_NOT_OFFERED: Final = 501
_UNAVAILABLE: Final = 503
#: where nobody is signed in, or the session has ended
SIGN_IN_FIRST: Final = phrase("sign_in", "Sign in first")
_NO_ROOM: Final = 507
#: status -> what a page says above the sentence, and what to do below it
_TOLD: Final = {
    400: ("This request cannot be answered", "Go back, check what you typed, and send it again."),
    401: ("Sign in first", "Sign in, and open the page again."),
    403: (
        "This is not open to you",
        "Nothing was changed. An administrator gives people another profile, if they need it.",
    ),
    404: (
        "There is nothing here",
        "Check the address; what was deleted or renamed has no page any more.",
    ),
    409: (
        "This was changed meanwhile",
        "Open the page again, look at what is there now, and decide once more.",
    ),
    429: ("Too much at once", "Wait a few seconds, and open the page again."),
    500: (
        "The server has a fault",
        "Try once more; if it stays, give an administrator the number below.",
    ),
    501: (
        "This server does not offer this",
        "Nothing was changed. Show this to who runs the server.",
    ),
    503: (
        "This is not possible now",
        "Try again in a minute; if it stays, give an administrator the number below.",
    ),
    507: (
        "The disk is full",
        "Nothing of this was stored. Ask an administrator to free up space, then do it again.",
    ),
}


def http_status(error: BaseException | None, default: int = 500) -> int:
    """Return the status that says what an error means to who asked."""
    if isinstance(error, HTTPError):
        return int(error.status_code)
    if is_full_disk(error):
        return _NO_ROOM
    return next((status for kind, status in _STATUS if isinstance(error, kind)), default)


def explain(handler: RequestHandler, error: BaseException | None, status: int) -> tuple[str, str]:
    """Return one sentence for a person, and the id under which the log has the rest.

    The sentence does not tell where on the server's disks the archive is. Where it is a
    :class:`Phrase`, pages say it in other languages.
    """
    error_id = secrets.token_hex(4)
    return _without_places(handler, _sentence(error, status, error_id)), error_id


def _without_places(handler: RequestHandler, sentence: str) -> str:
    signed_in = asking(handler.request).signed_in
    folder = str(handler.settings[SESSIONS].path)

    def change(text: str) -> str:
        if signed_in is not None:
            return signed_in.archive.folders.without_places(text)
        return text.replace(f"{folder}/", "").replace(folder, "the archive")

    return sentence.changed(change) if isinstance(sentence, Phrase) else change(sentence)


def _sentence(error: BaseException | None, status: int, error_id: str) -> str:
    reason: str
    if isinstance(error, RecorderError) and status < 500:
        return error_text(error)
    if isinstance(error, HTTPError) and (status < 500 or status == _NOT_OFFERED):
        reason = error.reason or _message(error) or _told(status)[0]
        return reason
    _LOG.error("error %s", error_id, exc_info=error)
    if status == _NO_ROOM:
        return phrase(
            "disk_full",
            "the archive's disk is full, so this was not stored: have an administrator free up "
            "space",
        )
    if isinstance(error, RecorderError):
        return error_text(error)
    if isinstance(error, HTTPError) and status == _UNAVAILABLE and error.reason:
        reason = error.reason
        return reason
    return phrase(
        "fault", "the server has a fault; tell the administrator the number {id}", id=error_id
    )


def _message(error: HTTPError) -> str:
    return str(error.log_message % error.args) if error.log_message else ""


def _kind(status: int) -> int:
    """Return the status of which pages know what to say of it."""
    return status if status in _TOLD else 500 if status >= 500 else 400


def _told(status: int) -> tuple[str, str]:
    return _TOLD[_kind(status)]


def write_error(
    handler: RequestHandler,
    status: int,
    error: BaseException | None,
    fields: Mapping[str, Any] | None = None,
) -> None:
    """Finish an answer with an error: a page for a browser, JSON for a program.

    Parameters
    ----------
    handler : RequestHandler
        Whose answer it is.
    status : int
        Of HTTP, where the error says no other.
    error : BaseException or None
        What was raised.
    fields : mapping, optional
        Of the JSON, beside the sentence and the id for the log.
    """
    status = http_status(error, status)
    sentence, error_id = explain(handler, error, status)
    handler.set_status(status)
    if isinstance(error, SignInDelayed):
        handler.set_header("Retry-After", str(int(error.retry_after_seconds) + 1))
    elif isinstance(error, TooMany):
        handler.set_header("Retry-After", "1")
    if wants_page(handler):
        title, advice = _told(status)
        told = {"title": title, "sentence": sentence, "advice": advice, "kind": _kind(status)}
        told["content"] = json.dumps(_content(error, sentence))
        write_page(handler, "error.html", **told, error_id=error_id)
        return
    handler.set_header("Content-Type", "application/json; charset=utf-8")
    content = _content(error, sentence) | {"id": error_id} | dict(fields or {})
    handler.finish(json.dumps(content))


def _content(error: BaseException | None, sentence: str) -> dict[str, Any]:
    """Return what pages need to say a sentence in the language of its reader."""
    code = error_code(error) if isinstance(error, RecorderError) else None
    return {"error": str(sentence), "code": code, "said": said(sentence)}


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
            raise HTTPError(403, reason=SIGN_IN_FIRST)
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
                    raise HTTPError(401, reason=SIGN_IN_FIRST) from error
                raise

    def write_error(self, status_code: int, **options: Any) -> None:
        """Write one sentence and an id for the log, never a traceback."""
        error = options.get("exc_info", (None, None, None))[1]
        write_error(self, status_code, error, self.error_fields(error))

    def error_fields(self, error: BaseException | None) -> Mapping[str, Any]:
        """Return what the JSON of an error has beside its sentence."""
        del error
        return {}

    def log_exception(self, *details: Any) -> None:
        """Log nothing here: `write_error` does, with the id that the person sees."""
