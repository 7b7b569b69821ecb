"""Secrets in memory: never printed, never pickled, compared in constant time, wiped.

A secret lives in its own anonymous page that is kept out of core dumps and, where the
system allows, out of swap. Libraries still make short-lived copies of their own; what
this module avoids is the long-lived and the visible ones.
"""

from __future__ import annotations

import ctypes
import hmac
import mmap
import secrets
import unicodedata
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from typing import Final, NoReturn

from recorder_core.errors import SettingsError

__all__ = ["MIN_PASSWORD_CHARACTERS", "Password", "SecretBytes"]

#: NIST SP 800-63B, memorized secrets: at least 8 characters
MIN_PASSWORD_CHARACTERS: Final = 8
#: bounds the work that a caller can ask of Argon2id
MAX_PASSWORD_CHARACTERS: Final = 1024


class SecretBytes:
    """Bytes that must not leak.

    Parameters
    ----------
    data : bytes, bytearray or memoryview
        At least one byte; copied. A bytearray is wiped after the copy.

    Attributes
    ----------
    locked : bool
        Whether the system agreed to keep the page out of swap.
    """

    __hash__ = None  # type: ignore[assignment]  # a hash would be a fingerprint of the secret
    __slots__ = ("_page", "_size", "locked")

    def __init__(self, data: bytes | bytearray | memoryview) -> None:
        self._size = len(data)
        if not self._size:
            raise SettingsError("a secret needs at least one byte")
        self._page = mmap.mmap(-1, self._size)
        self.locked = _keep_in_memory(self._page, self._size)
        self._page[: self._size] = data
        if isinstance(data, bytearray):
            data[:] = bytes(len(data))

    @classmethod
    def random(cls, size_bytes: int) -> SecretBytes:
        """Draw a secret from the system's random source."""
        return cls(bytearray(secrets.token_bytes(size_bytes)))

    @contextmanager
    def view(self) -> Iterator[memoryview]:
        """Yield the bytes, read-only, without a copy."""
        if self._page.closed:
            raise SettingsError("the secret was wiped: unlock it again")
        with memoryview(self._page) as whole, whole[: self._size].toreadonly() as part:
            yield part

    def wipe(self) -> None:
        """Overwrite the bytes; the secret cannot be used afterwards."""
        if not self._page.closed:
            self._page[: self._size] = bytes(self._size)
            self._page.close()

    def __len__(self) -> int:
        return self._size

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, SecretBytes):
            return NotImplemented
        with self.view() as mine, other.view() as theirs:
            return hmac.compare_digest(mine, theirs)

    def __repr__(self) -> str:
        return f"<SecretBytes, {self._size} bytes>"

    def __reduce__(self) -> NoReturn:
        raise TypeError("a secret is never pickled or copied")


class Password:
    """What a person typed, as a secret.

    The text is brought to Unicode form NFC, so that "ã" typed on one keyboard opens what
    "a" and a combining tilde locked on another.

    Raises
    ------
    SettingsError
        If the text is empty or longer than 1024 characters.
    """

    __slots__ = ("_secret", "characters")

    def __init__(self, text: str) -> None:
        normal = unicodedata.normalize("NFC", text)
        self.characters = len(normal)
        if not 0 < self.characters <= MAX_PASSWORD_CHARACTERS:
            raise SettingsError(
                f"a password has 1 to {MAX_PASSWORD_CHARACTERS} characters, not {self.characters}"
            )
        try:
            self._secret = SecretBytes(bytearray(normal, "utf-8"))
        except UnicodeEncodeError:
            # the original error carries the text
            raise SettingsError("the password holds a character that cannot be stored") from None

    def view(self) -> AbstractContextManager[memoryview]:
        """Yield the UTF-8 bytes, read-only."""
        return self._secret.view()

    def wipe(self) -> None:
        """Overwrite the password."""
        self._secret.wipe()

    def __repr__(self) -> str:
        return "<Password>"

    def __reduce__(self) -> NoReturn:
        raise TypeError("a password is never pickled or copied")


def _keep_in_memory(page: mmap.mmap, size_bytes: int) -> bool:
    """Keep a page out of core dumps and swap; say whether swap was refused to it."""
    if hasattr(mmap, "MADV_DONTDUMP"):
        page.madvise(mmap.MADV_DONTDUMP)
    libc = ctypes.CDLL(None, use_errno=True)
    if not hasattr(libc, "mlock"):
        return False
    address = ctypes.addressof(ctypes.c_char.from_buffer(page))
    return bool(libc.mlock(ctypes.c_void_p(address), ctypes.c_size_t(size_bytes)) == 0)
