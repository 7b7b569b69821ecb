"""The errors of the core on their way through HTTP: a name on one side, the class on the other."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final, NoReturn

from recorder_core import errors
from recorder_core.errors import (
    ArchiveError,
    NotAllowed,
    NotInCatalog,
    RecorderError,
    SettingsError,
    SignInDelayed,
    WrongState,
)
from recorder_core.model.values.phrase import error_text, said, said_again

__all__ = ["error_code", "error_content", "raise_error"]

#: for an answer without the name of an error
_BY_STATUS: Final[Mapping[int, type[RecorderError]]] = {
    400: SettingsError,
    401: NotAllowed,
    403: NotAllowed,
    404: NotInCatalog,
    409: WrongState,
}


def error_code(error: RecorderError) -> str:
    """Return the name of the nearest public class of an error."""
    return next(kind.__name__ for kind in type(error).__mro__ if kind.__name__ in errors.__all__)


def error_content(error: RecorderError) -> dict[str, Any]:
    """Return what a page needs to say an error in the language of its reader.

    `error` is the sentence in English, `code` the name of the class, and `said`, where it is not
    null, name and values of the sentence.
    """
    text = error_text(error)
    return {"error": str(text), "code": error_code(error), "said": said(text)}


def raise_error(status: int, content: Mapping[str, Any]) -> NoReturn:
    """Raise what the server raised.

    Parameters
    ----------
    status : int
        Of HTTP.
    content : mapping
        The answer: `error`, a sentence, and `code`, the name of a class.
    """
    sentence = str(content.get("error") or f"the server answers {status} and says no more")
    sentence = said_again(sentence, content.get("said"))
    code = content.get("code")
    if code == SignInDelayed.__name__:
        raise SignInDelayed(sentence, float(content.get("retry_after_seconds") or 0.0))
    if isinstance(code, str) and code in errors.__all__ and code != "AlreadyFinished":
        raise getattr(errors, code)(sentence)
    raise _BY_STATUS.get(status, ArchiveError)(sentence)
