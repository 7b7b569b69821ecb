"""Which new passwords are refused because a thief would try them among the first.

Not a measure of strength: the few that stand on every list, and what is made of them by the
tricks that every program for guessing knows (NIST SP 800-63B, 5.1.1.2).
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Final

from recorder_core.archive.secrets.secret import MIN_PASSWORD_CHARACTERS, Password
from recorder_core.errors import SettingsError

__all__ = ["check_new_password"]

MIN_DIFFERENT_CHARACTERS: Final = 5
#: numbers alone are tried out quickly: dates, telephone numbers
MIN_DIGITS: Final = 14
#: of the lists of leaked passwords, and what stands on the wall of an operating room
_COMMON: Final = frozenset(
    re.findall(
        r"\w+",
        """
        abc access admin administrator archive azerty baseball batman changeme charlie computer
        default dragon doctor football freedom guest hello hospital iloveyou letmein login master
        michael monkey operator passe passord passw passwd password passwort pass princess qwerty
        qwertz recorder reviewer root secret senha shadow summer sunshine superman surgeon surgery
        system temp test trustno user welcome whatever winter workbench
        """,
    )
)
_ROWS: Final = (
    "qwertyuiopasdfghjklzxcvbnm",
    "qwertzuiopasdfghjklyxcvbnm",
    "azertyuiopqsdfghjklmwxcvbn",
    "1qaz2wsx3edc4rfv5tgb6yhn7ujm8ik9ol0p",
    "abcdefghijklmnopqrstuvwxyz",
    "01234567890",
)
_SUBSTITUTES: Final = str.maketrans("013457@$!|", "oieastasil")
_FRAMING: Final = re.compile(r"^[\W\d_]+|[\W\d_]+$")


def check_new_password(password: Password, user_id: str) -> None:
    """Raise unless a password may be set.

    Parameters
    ----------
    password : Password
        The new one.
    user_id : str
        Whose; the login is no password.

    Raises
    ------
    SettingsError
        If it is short, among the first that are tried, or cannot be typed; the message does not
        repeat it.
    """
    if password.characters < MIN_PASSWORD_CHARACTERS:
        raise SettingsError(
            f"a password needs at least {MIN_PASSWORD_CHARACTERS} characters: several unrelated "
            "words are easy to remember"
        )
    with password.view() as secret:
        text = bytes(secret).decode("utf-8").casefold()
    if "\0" in text:
        raise SettingsError(
            "this password holds a NUL byte, which nobody can type: save its file as text in UTF-8"
        )
    reason = next((why for why, is_so in _RULES.items() if is_so(text)), None)
    if reason is None and _is_made_of(text, user_id.casefold()):
        reason = "is made of the login"
    if reason is not None:
        raise SettingsError(
            f"this password {reason}, so it would soon be guessed; use several unrelated words"
        )


def _is_repeated(text: str) -> bool:
    return len(set(text)) < MIN_DIFFERENT_CHARACTERS or len(_unit(text)) < MIN_PASSWORD_CHARACTERS


def _is_number(text: str) -> bool:
    return not re.search(r"[^\d\W_]", text) and len(text) < MIN_DIGITS


def _is_row(text: str) -> bool:
    """Return whether it is a run of neighbouring keys or letters, whole or in pieces."""
    pieces = re.findall(r"[^\W\d_]+|\d+", text)
    return all(_is_in_a_row(piece) for piece in (text, *pieces)[1:]) or _is_in_a_row(text)


def _is_in_a_row(text: str) -> bool:
    return any(text in row or text[::-1] in row for row in _ROWS)


def _is_common(text: str) -> bool:
    return any(word in _COMMON for word in _words(text))


def _is_made_of(text: str, login: str) -> bool:
    return any(word in (login, login[::-1]) for word in (text, *_words(text)))


def _words(text: str) -> set[str]:
    """Return what is left without the numbers and marks around it, letters put back."""
    unit = _unit(text)
    bare = {_FRAMING.sub("", one) for one in (unit, unit.translate(_SUBSTITUTES))}
    bare |= {_FRAMING.sub("", unit).translate(_SUBSTITUTES)}
    return bare | {_unit(word) for word in bare if word}


def _unit(text: str) -> str:
    """Return the shortest text that gives this one when it is repeated."""
    return text[: (text + text).find(text, 1)]


_RULES: Final[dict[str, Callable[[str], bool]]] = {
    "repeats a few characters": _is_repeated,
    f"is a number of fewer than {MIN_DIGITS} digits": _is_number,
    "is a run of neighbouring keys or letters": _is_row,
    "is on every list of common passwords": _is_common,
}
