"""Long texts in pieces: a page's layout takes time that grows with the square of a paragraph."""

from __future__ import annotations

import unicodedata
from collections.abc import Sequence
from itertools import zip_longest
from typing import Final

__all__ = ["split_long", "split_rows"]

#: about ten lines of the widest column
MAX_CHARACTERS: Final = 1000
MAX_LINES: Final = 20
#: a piece ends with a word, if one ends so near its end
_WORD_CHARACTERS: Final = 200


def split_long(text: str) -> list[str]:
    """Return a text in pieces of a few lines; nothing but the space between them is left out.

    A piece ends at the end of a line or word where there is one, never before a mark that
    belongs to the letter before it, and with that letter if a thousand marks follow.
    """
    pieces = []
    while stop := _end_of_piece(text):
        pieces.append(text[:stop].rstrip(" "))
        text = text[stop:].removeprefix("\n").lstrip(" ")
    return [*pieces, text]


def _end_of_piece(text: str) -> int:
    """Return where the first piece ends; 0 if all of the text is one."""
    lines = text[:MAX_CHARACTERS].split("\n", MAX_LINES)
    if len(lines) > MAX_LINES:
        return sum(len(line) + 1 for line in lines[:-1]) - 1
    if len(text) <= MAX_CHARACTERS:
        return 0
    for separator in ("\n", " "):
        stop = text.rfind(separator, MAX_CHARACTERS - _WORD_CHARACTERS, MAX_CHARACTERS)
        if stop > 0:
            return stop
    stop = MAX_CHARACTERS
    while stop > 1 and unicodedata.category(text[stop]).startswith("M"):
        stop -= 1
    return stop if stop > 1 else MAX_CHARACTERS


def split_rows(rows: Sequence[Sequence[str | None]]) -> list[list[str | None]]:
    """Return rows in which a long cell goes on in rows of its own, below."""
    split: list[list[str | None]] = []
    for row in rows:
        columns = [[None] if text is None else split_long(text) for text in row]
        split += [list(part) for part in zip_longest(*columns, fillvalue="")]
    return split
