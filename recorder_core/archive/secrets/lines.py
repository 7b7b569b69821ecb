"""The text form of key files and wrapped keys: lines of ``word value ...`` and a checksum.

One content has one form: a reader writes what it has read again and refuses any difference.
The checksum is not a secret's work; it tells damage from a key that does not match.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
from collections.abc import Sequence
from typing import Final

from recorder_core.errors import ArchiveError, HeaderDamaged

__all__ = ["LineReader", "decode_base64", "encode_base64", "join_lines"]

MAX_TEXT_BYTES: Final = 2**20
CHECKSUM: Final = "checksum"


def encode_base64(data: bytes) -> str:
    """Return standard base64 with padding."""
    return base64.b64encode(data).decode("ascii")


def decode_base64(text: str) -> bytes:
    """Read base64; raise `ValueError` if it is not the one way to write these bytes."""
    try:
        data = base64.b64decode(text, validate=True)
    except binascii.Error as exc:
        raise ValueError("not base64") from exc
    if encode_base64(data) != text:
        raise ValueError("not the only way to write these bytes")
    return data


def join_lines(lines: Sequence[str]) -> bytes:
    """Return the lines as bytes, the checksum line added."""
    body = "".join(line + "\n" for line in lines).encode("ascii")
    return body + f"{CHECKSUM} {hashlib.sha256(body).hexdigest()}\n".encode("ascii")


class LineReader:
    """Reads the lines of one text in order.

    Parameters
    ----------
    data : bytes
        The whole text.
    first_line : str
        What the first line must be: a kind and the newest version that is known.
    oldest : int, optional
        The oldest version that can be read, where that is another.
    where : str
        Names the text in error messages.

    Raises
    ------
    HeaderDamaged
        If the text is not what `join_lines` made.
    ArchiveError
        If a newer version of the program wrote it.
    """

    def __init__(
        self, data: bytes, first_line: str, where: str, *, oldest: int | None = None
    ) -> None:
        self._where = where
        self._lines = _checked_lines(data, where)
        self._next = 0
        self._check_first(first_line, oldest)

    def take(self, word: str) -> list[str]:
        """Return the values of the next line, which must begin with this word."""
        if not self.at(word):
            raise self.damaged(f"line {self._next + 1} is not {word!r}")
        values = self._lines[self._next].split(" ")[1:]
        self._next += 1
        return values

    def at(self, word: str) -> bool:
        """Return whether the next line begins with this word."""
        return self._next < len(self._lines) and self._lines[self._next].split(" ")[0] == word

    def take_all(self, word: str) -> list[list[str]]:
        """Return the values of every next line that begins with this word."""
        taken = []
        while self.at(word):
            taken.append(self.take(word))
        return taken

    def damaged(self, reason: str) -> HeaderDamaged:
        """Return the error that says what is wrong with the text."""
        return HeaderDamaged(f"{self._where} is damaged: {reason}; restore it from the mirror")

    def _check_first(self, first_line: str, oldest: int | None) -> None:
        kind, version = first_line.rsplit(" ", 1)
        first = self._lines[0] if self._lines else ""
        known = range(oldest or int(version), int(version))
        if first in {f"{kind} {number}" for number in known}:
            first_line = first
        found_kind, _, found = first.rpartition(" ")
        if first != first_line and found_kind == kind and found.isdecimal():
            raise ArchiveError(
                f"{self._where} has format {found} and this program reads {version}: "
                "it was written by a newer version, update the program"
            )
        if first != first_line:
            raise self.damaged(f"it does not begin with {first_line!r}")
        self._next = 1


def _checked_lines(data: bytes, where: str) -> list[str]:
    """Return the lines above the checksum, after comparing it."""
    body, found, rest = data[:MAX_TEXT_BYTES].rpartition(f"{CHECKSUM} ".encode("ascii"))
    expected = hashlib.sha256(body).hexdigest().encode("ascii") + b"\n"
    if not found or not body.endswith(b"\n") or not hmac.compare_digest(rest, expected):
        raise HeaderDamaged(
            f"{where} is damaged: its checksum does not agree; restore it from the mirror"
        )
    try:
        return body.decode("ascii").split("\n")[:-1]
    except UnicodeDecodeError as exc:
        raise HeaderDamaged(f"{where} is damaged: it holds bytes that are not text") from exc
