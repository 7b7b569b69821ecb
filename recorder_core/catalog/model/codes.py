"""Ids, codes and times: the only texts that the catalog holds in clear.

Free text can carry a name, so a clear column takes codes only: no spaces, ASCII,
64 characters at most. What a person writes goes into a sealed record.
"""

from __future__ import annotations

import re
import secrets
from collections.abc import Callable
from datetime import UTC, datetime

from recorder_core.errors import CatalogDamaged, CatalogError

__all__ = [
    "DEFAULT_SITE",
    "RECOVERY_USER_ID",
    "RESERVED_USER_IDS",
    "UNKNOWN_USER_ID",
    "Clock",
    "check_code",
    "check_hash",
    "check_new_user_id",
    "check_site_code",
    "check_user_id",
    "new_id",
    "parse_utc",
    "utc_now",
    "utc_text",
]

#: gives the present time, timezone-aware
Clock = Callable[[], datetime]

#: stands for the holder of the recovery words
RECOVERY_USER_ID = "recovery-key"
#: stands for somebody without a login: what was typed may be a password
UNKNOWN_USER_ID = "unknown-user"
#: authors of rows that are nobody's login
RESERVED_USER_IDS = frozenset({RECOVERY_USER_ID, UNKNOWN_USER_ID, "foot-switch", "local"})
#: stands for every site without a retention rule of its own
DEFAULT_SITE = "default"

_CODE = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.:/@+-]{0,63}")
_USER_ID = re.compile(r"[a-z0-9][a-z0-9._-]{0,31}")
_HASH = re.compile(r"[0-9a-f]{64}")
_UTC_FORMAT = "%Y-%m-%dT%H:%M:%S.%fZ"
_UTC_CHARACTERS = len("2026-05-04T09:30:00.000000Z")


def new_id() -> str:
    """Return a random id of 16 hexadecimal digits; it says nothing about its owner."""
    return secrets.token_hex(8)


def is_code(value: str) -> bool:
    """Return whether a text is a code, not free text."""
    return _CODE.fullmatch(value) is not None


def check_code(value: str, what: str) -> str:
    """Return `value` if it is a code, not free text.

    Parameters
    ----------
    value : str
        Text for a column that is stored in clear.
    what : str
        Name of the column, for the message.

    Returns
    -------
    str
        `value`, unchanged.

    Raises
    ------
    CatalogError
        If it could be free text. The message does not repeat it: it may be a name.
    """
    if not is_code(value):
        raise CatalogError(
            f"{what} must be a code (1 to 64 of A-Z a-z 0-9 _ . : / @ + -, no spaces); "
            "put free text into a sealed record"
        )
    return value


def check_user_id(value: str) -> str:
    """Return `value` if it can be a login; CatalogError if not."""
    if not _USER_ID.fullmatch(value):
        raise CatalogError(
            "a user id is 1 to 32 of a-z 0-9 . _ - and begins with a letter or digit; "
            "the person's name belongs in the sealed record"
        )
    return value


def check_new_user_id(value: str) -> str:
    """Return `value` if a new user may have it as a login; CatalogError if not."""
    if value in RESERVED_USER_IDS:
        raise CatalogError(
            f"the login {value} is reserved: the audit log uses it for what no user did; choose "
            "another"
        )
    return check_user_id(value)


def check_site_code(value: str) -> str:
    """Return `value` if it can be the code of a site; CatalogError if not."""
    if value == DEFAULT_SITE:
        raise CatalogError(
            f"the site code {DEFAULT_SITE} is reserved: its retention rule applies to every site "
            "without one of its own; choose another"
        )
    return check_code(value, "the site code")


def check_hash(value: str, what: str) -> str:
    """Return `value` if it is a SHA-256 in hexadecimal; CatalogError if not."""
    if not _HASH.fullmatch(value):
        raise CatalogError(f"{what} must be a SHA-256 as 64 lower-case hexadecimal digits")
    return value


def utc_now() -> datetime:
    """Return the present time in UTC."""
    return datetime.now(UTC)


def utc_text(moment: datetime) -> str:
    """Return a moment as the catalog stores it; texts sort like the moments.

    Raises
    ------
    CatalogError
        If `moment` has no time zone.
    """
    if moment.tzinfo is None:
        raise CatalogError("a time without a time zone cannot be stored; give it in UTC")
    return moment.astimezone(UTC).strftime(_UTC_FORMAT)


def parse_utc(text: str) -> datetime:
    """Return the moment that :func:`utc_text` wrote; CatalogDamaged if it is none."""
    sentence = "a time in the catalog is not a UTC time"
    try:
        # strptime takes ten times as long, and a list has thousands of times
        moment = datetime.fromisoformat(text)
    except (TypeError, ValueError) as error:
        raise CatalogDamaged(sentence) from error
    if len(text) != _UTC_CHARACTERS or moment.tzinfo is not UTC:
        raise CatalogDamaged(sentence)
    return moment
