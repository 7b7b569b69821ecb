"""What happens to bytes on their way."""

from __future__ import annotations

import random
from collections.abc import Callable, Mapping
from typing import Final

__all__ = ["DAMAGES", "damage_bytes"]

#: bytes that are changed, lost, added or doubled at once, at most
_MAX_BURST: Final = 12


def _flip(content: bytearray, place: int, chance: random.Random) -> None:
    content[place] ^= 1 << chance.randrange(8)


def _replace(content: bytearray, place: int, chance: random.Random) -> None:
    count = chance.randint(1, _MAX_BURST)
    content[place : place + count] = chance.randbytes(len(content[place : place + count]))


def _lose(content: bytearray, place: int, chance: random.Random) -> None:
    del content[place : place + chance.randint(1, _MAX_BURST)]


def _insert(content: bytearray, place: int, chance: random.Random) -> None:
    content[place:place] = chance.randbytes(chance.randint(1, _MAX_BURST))


def _double(content: bytearray, place: int, chance: random.Random) -> None:
    count = chance.randint(1, _MAX_BURST)
    content[place:place] = content[place : place + count]


def _digit(content: bytearray, place: int, chance: random.Random) -> None:
    """Make another digit of a digit: damage that looks like data."""
    digits = [at for at, byte in enumerate(content) if chr(byte).isdigit()]
    content[chance.choice(digits) if digits else place] = ord(chance.choice("0123456789"))


def _zero(content: bytearray, place: int, chance: random.Random) -> None:
    """Write zeros, as a driver does where a character had no stop bit."""
    count = len(content[place : place + chance.randint(1, _MAX_BURST)])
    content[place : place + count] = bytes(count)


def _cut(content: bytearray, place: int, chance: random.Random) -> None:  # noqa: ARG001
    del content[place:]


#: each changes bytes at a place
DAMAGES: Final[Mapping[str, Callable[[bytearray, int, random.Random], None]]] = {
    "flip": _flip,
    "replace": _replace,
    "lose": _lose,
    "insert": _insert,
    "double": _double,
    "digit": _digit,
    "zero": _zero,
    "cut": _cut,
}


def damage_bytes(content: bytes, chance: random.Random, *, times: int = 1) -> bytes:
    """Return bytes that were damaged so many times, each time in another way.

    Parameters
    ----------
    content : bytes
        Any number of them.
    chance : random.Random
        Decides how and where.
    times : int, optional
        How often.
    """
    damaged = bytearray(content)
    for _ in range(times):
        if damaged:
            DAMAGES[chance.choice(list(DAMAGES))](damaged, chance.randrange(len(damaged)), chance)
    return bytes(damaged)
