"""In which order the parts of a line are shown where scripts of both directions meet.

The Unicode bidirectional algorithm (UAX 9) for one line without explicit embeddings; the
characters that make those are taken out before. The names of its rules are in brackets.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import groupby

__all__ = [
    "Run",
    "base_level",
    "has_changing_letters",
    "levels_of",
    "needs_shaping",
    "visual_runs",
]

_OPENING = "([{\u2329\u27e8\u3008\u300a\u300c\u300e\u3010"
_CLOSING = ")]}\u232a\u27e9\u3009\u300b\u300d\u300f\u3011"
_NEUTRAL = frozenset({"B", "S", "WS", "ON"})
_NUMBERS = frozenset({"EN", "AN"})
#: blocks whose letters change their forms or places: India, Thai, Lao, Tibet, Myanmar, Khmer
_SHAPED_BLOCKS = (
    range(0x0900, 0x10A0),
    range(0x1780, 0x1800),
    range(0x1CD0, 0x1D00),
    range(0xA8E0, 0xA900),
)


@dataclass(frozen=True, slots=True)
class Run:
    """Characters of one direction, in the order in which they are read."""

    text: str
    is_right_to_left: bool


def needs_shaping(text: str) -> bool:
    """Return whether a text cannot be drawn character by character from left to right."""
    kinds = {unicodedata.bidirectional(character) for character in text}
    return "AN" in kinds or has_changing_letters(text)


def has_changing_letters(text: str) -> bool:
    """Return whether a letter of a text is not drawn alone and in its place."""
    return any(
        unicodedata.bidirectional(character) in ("R", "AL")
        or any(ord(character) in block for block in _SHAPED_BLOCKS)
        for character in text
    )


def base_level(text: str) -> int:
    """Return 1 if the first strong letter is written from right to left, else 0 [P2, P3]."""
    kinds = (unicodedata.bidirectional(character) for character in text)
    first = next((kind for kind in kinds if kind in ("L", "R", "AL")), "L")
    return int(first != "L")


def visual_runs(text: str, base: int) -> list[Run]:
    """Return a line as runs from left to right [L2].

    Parameters
    ----------
    text : str
        One line as it is read.
    base : int
        Level of the paragraph, from :func:`base_level`.
    """
    levels = levels_of(text, base)
    places = enumerate(text)
    runs = [
        (level, "".join(character for _, character in part))
        for level, part in groupby(places, key=lambda item: levels[item[0]])
    ]
    for lowest in range(max(levels, default=0), 0, -1):
        runs = list(_turned(runs, lowest))
    return [Run(part, level % 2 == 1) for level, part in runs]


def _turned(runs: list[tuple[int, str]], lowest: int) -> Iterator[tuple[int, str]]:
    for is_high, group in groupby(runs, key=lambda run: run[0] >= lowest):
        yield from list(group)[:: -1 if is_high else 1]


def levels_of(text: str, base: int) -> list[int]:
    """Return the embedding level of each character; odd is from right to left.

    References
    ----------
    .. [1] Unicode Standard Annex 9, rules W1 to W7, N0 to N2, I1, I2 and L1.
    """
    kinds = _weak(text, base)
    _resolve_brackets(text, kinds, base)
    _resolve_neutrals(kinds, base)
    levels = [_level(kind, base) for kind in kinds]
    for place in range(len(text) - 1, -1, -1):  # [L1]
        if unicodedata.bidirectional(text[place]) not in ("WS", "S", "B", "BN"):
            break
        levels[place] = base
    return levels


def _level(kind: str, base: int) -> int:
    """[I1, I2]."""
    if base:
        return 1 if kind == "R" else 2
    return {"L": 0, "R": 1}.get(kind, 2)


def _weak(text: str, base: int) -> list[str]:
    """Resolve each character to L, R, EN, AN or a neutral kind."""
    kinds = _first_kinds(text, base)
    for place in range(1, len(kinds) - 1):  # [W4]
        before, after = kinds[place - 1], kinds[place + 1]
        is_between = before == after and before in _NUMBERS
        if is_between and (kinds[place] == "CS" or (kinds[place], before) == ("ES", "EN")):
            kinds[place] = before
    _join_terminators(kinds)
    kinds = ["ON" if kind in ("ES", "CS", "ET") else kind for kind in kinds]  # [W6]
    strong = _direction(base)
    for place, kind in enumerate(kinds):  # [W7]
        if kind in ("L", "R"):
            strong = kind
        elif kind == "EN" and strong == "L":
            kinds[place] = "L"
    return kinds


def _first_kinds(text: str, base: int) -> list[str]:
    """[W1] to [W3], and [X9] for joiners."""
    before = strong = _direction(base)
    kinds = []
    for character in text:
        kind = unicodedata.bidirectional(character) or "L"
        if kind in ("NSM", "BN"):
            kind = before
        if kind in ("L", "R", "AL"):
            strong = kind
        elif kind == "EN" and strong == "AL":
            kind = "AN"
        before = kind
        kinds.append("R" if kind == "AL" else kind)
    return kinds


def _join_terminators(kinds: list[str]) -> None:
    """Make percent signs and the like a part of the number beside them [W5]."""
    place = 0
    for kind, group in groupby(list(kinds)):
        stop = place + len(list(group))
        around = (kinds[place - 1] if place else "", kinds[stop] if stop < len(kinds) else "")
        if kind == "ET" and "EN" in around:
            kinds[place:stop] = ["EN"] * (stop - place)
        place = stop


def _resolve_brackets(text: str, kinds: list[str], base: int) -> None:
    """Set one direction for both brackets of a pair [N0]."""
    ours = _direction(base)
    for opening, closing in _bracket_pairs(text, kinds):
        inside = {_as_strong(kind) for kind in kinds[opening + 1 : closing]}
        if ours in inside:
            kinds[opening] = kinds[closing] = ours
        elif inside & {"L", "R"}:
            before = (_as_strong(kind) for kind in reversed(kinds[:opening]))
            context = next((kind for kind in before if kind in ("L", "R")), ours)
            kinds[opening] = kinds[closing] = context


def _bracket_pairs(text: str, kinds: list[str]) -> list[tuple[int, int]]:
    """[BD16]."""
    pairs: list[tuple[int, int]] = []
    opened: list[tuple[str, int]] = []
    for place, character in enumerate(text):
        if kinds[place] != "ON":
            continue
        if character in _OPENING:
            opened.append((_CLOSING[_OPENING.index(character)], place))
        elif character in _CLOSING:
            depth = next((d for d in range(len(opened), 0, -1) if opened[d - 1][0] == character), 0)
            if depth:
                pairs.append((opened[depth - 1][1], place))
                del opened[depth - 1 :]
    return sorted(pairs)


def _resolve_neutrals(kinds: list[str], base: int) -> None:
    """Set the direction of neutrals to that of their sides if these agree [N1, N2]."""
    place = 0
    for is_neutral, group in groupby([kind in _NEUTRAL for kind in kinds]):
        stop = place + len(list(group))
        if is_neutral:
            before = _as_strong(kinds[place - 1]) if place else _direction(base)
            after = _as_strong(kinds[stop]) if stop < len(kinds) else _direction(base)
            found = before if before == after else _direction(base)
            kinds[place:stop] = [found] * (stop - place)
        place = stop


def _as_strong(kind: str) -> str:
    return "R" if kind in _NUMBERS else kind


def _direction(base: int) -> str:
    return "R" if base else "L"
