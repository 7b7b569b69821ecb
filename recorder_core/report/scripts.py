"""Right-to-left text in the order and the letter forms in which a page shows it.

PDF writers draw glyphs from left to right, one per character. For Hebrew that needs
another order; for Arabic also the form that a letter has between its neighbours.
Unicode's presentation forms hold these; the tables come from :mod:`unicodedata`.
The order is a short form of the Unicode bidirectional algorithm (UAX 9): runs of one
direction, numbers kept, the first strong letter deciding the line; enough for names.
"""

from __future__ import annotations

import unicodedata
from functools import cache
from itertools import groupby

__all__ = ["display_order", "is_right_to_left"]

_LAM = "\u0644"
_MIRRORED = {"(": ")", ")": "(", "[": "]", "]": "[", "<": ">", ">": "<"}


def is_right_to_left(text: str) -> bool:
    """Return whether any letter of the text is written from right to left."""
    return any(unicodedata.bidirectional(character) in ("R", "AL") for character in text)


def display_order(text: str) -> str:
    """Return a line of text as it is drawn from left to right.

    Parameters
    ----------
    text : str
        In the order in which it is read.

    Returns
    -------
    str
        `text` itself if nothing in it is written from right to left.
    """
    if not is_right_to_left(text):
        return text
    directions = _directions(_join_letters(text))
    runs = [
        (direction, "".join(character for _, character in run))
        for direction, run in groupby(directions, key=lambda item: item[0])
    ]
    if _base_direction(text) == "R":
        runs.reverse()
    return "".join(_reverse(run) if direction == "R" else run for direction, run in runs)


def _base_direction(text: str) -> str:
    for character in text:
        kind = unicodedata.bidirectional(character)
        if kind in ("R", "AL", "L"):
            return "L" if kind == "L" else "R"
    return "L"


def _directions(text: str) -> list[tuple[str, str]]:
    """Give each character L or R; what is neutral joins its sides if they agree."""
    kinds = [_direction(character) for character in text]
    base = _base_direction(text)
    for opening, closing in _bracket_pairs(text):
        kinds[opening] = kinds[closing] = _bracket_direction(kinds, opening, closing, base)
    found: list[tuple[str, str]] = []
    for index, character in enumerate(text):
        kind = kinds[index]
        if kind == "N":
            before = _strong_before(kinds, index, base)
            after = next((k for k in kinds[index + 1 :] if k != "N"), base)
            kind = before if before == after else base
        found.append((kind, character))
    return found


def _strong_before(kinds: list[str], index: int, base: str) -> str:
    return next((kind for kind in reversed(kinds[:index]) if kind != "N"), base)


def _bracket_pairs(text: str) -> list[tuple[int, int]]:
    pairs: list[tuple[int, int]] = []
    opened: list[int] = []
    for index, character in enumerate(text):
        if character in "([<":
            opened.append(index)
        elif opened and text[opened[-1]] == _MIRRORED.get(character):
            pairs.append((opened.pop(), index))
    return sorted(pairs)


def _bracket_direction(kinds: list[str], opening: int, closing: int, base: str) -> str:
    """Give both brackets of a pair one direction (UAX 9, rule N0)."""
    inside = {kind for kind in kinds[opening + 1 : closing] if kind != "N"}
    if not inside:
        return "N"
    other = "L" if base == "R" else "R"
    is_other = base not in inside and _strong_before(kinds, opening, base) == other
    return other if is_other else base


def _direction(character: str) -> str:
    kind = unicodedata.bidirectional(character)
    if kind in ("R", "AL", "NSM"):
        return "R"
    return "L" if kind in ("L", "EN", "AN") else "N"


def _reverse(run: str) -> str:
    """Turn a run round; marks stay behind their letters, brackets change sides."""
    clusters: list[str] = []
    for character in run:
        if clusters and unicodedata.combining(character):
            clusters[-1] += character
        else:
            clusters.append(_MIRRORED.get(character, character))
    return "".join(reversed(clusters))


@cache
def _forms() -> dict[tuple[str, str], str]:
    """Map (letters, form) to the presentation form, for Arabic and its relatives."""
    table: dict[tuple[str, str], str] = {}
    for code in (*range(0xFB50, 0xFDFC), *range(0xFE70, 0xFEFD)):
        form, _, letters = unicodedata.decomposition(chr(code)).partition(" ")
        if form.startswith("<") and letters:
            text = "".join(chr(int(letter, 16)) for letter in letters.split())
            table[text, form.strip("<>")] = chr(code)
    return table


def _join_letters(text: str) -> str:
    """Replace Arabic letters by the form that fits their neighbours."""
    text = _ligate_lam_alef(text)
    shaped = []
    for index, character in enumerate(text):
        joins_before = _joins_next(_neighbour(text, index, -1)) and _has(character, "final")
        joins_after = _joins_next(character) and _has(_neighbour(text, index, 1), "final")
        form = {
            (False, False): "isolated",
            (False, True): "initial",
            (True, False): "final",
            (True, True): "medial",
        }[joins_before, joins_after]
        shaped.append(_forms().get((_base(character), form), character))
    return "".join(shaped)


def _ligate_lam_alef(text: str) -> str:
    for alef in "\u0622\u0623\u0625\u0627":
        text = text.replace(_LAM + alef, _forms()[_LAM + alef, "isolated"])
    return text


def _base(character: str) -> str:
    """Return the letters of a character that may be a lam-alef already."""
    if "\ufef5" <= character <= "\ufefc":
        return unicodedata.normalize("NFKC", character)
    return character


def _has(character: str, form: str) -> bool:
    return (_base(character), form) in _forms()


def _joins_next(character: str) -> bool:
    return _has(character, "initial")


def _neighbour(text: str, index: int, step: int) -> str:
    """Return the next letter in one direction; marks do not part letters."""
    index += step
    while 0 <= index < len(text) and unicodedata.combining(text[index]):
        index += step
    return text[index] if 0 <= index < len(text) else ""
