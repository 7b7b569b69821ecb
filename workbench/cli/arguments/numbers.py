"""Numbers on the command line: each option says itself which it takes."""

from __future__ import annotations

import argparse
import math
from collections.abc import Callable
from fractions import Fraction
from typing import Final

__all__ = ["DAY_SECONDS", "MAX_COUNT", "frame_rate", "number", "number_range", "whole_number"]

#: what is counted fits into 31 bits: that many frames take years
MAX_COUNT: Final = (1 << 31) - 1
DAY_SECONDS: Final = 86_400
#: more of a text than this is no use in a message
_SHOWN_CHARACTERS: Final = 40
_FASTEST_RATE_HZ: Final = 1000


def whole_number(minimum: int, maximum: int = MAX_COUNT) -> Callable[[str], int]:
    """Return what reads a whole number between two, both included.

    Parameters
    ----------
    minimum, maximum : int
    """
    span = f"of {minimum} or more" if maximum == MAX_COUNT else f"from {minimum} to {maximum}"

    def read(text: str) -> int:
        try:
            found = int(text)
        except ValueError:
            raise _refused(text, f"a whole number {span}") from None
        if not minimum <= found <= maximum:
            raise _refused(text, f"a whole number {span}")
        return found

    return read


def number(minimum: float, maximum: float, *, above: bool = False) -> Callable[[str], float]:
    """Return what reads a number between two, both included.

    Parameters
    ----------
    minimum, maximum : float
    above : bool
        The number must be more than the minimum.
    """
    span = f"above {minimum:g}, up to {maximum:g}" if above else f"from {minimum:g} to {maximum:g}"

    def read(text: str) -> float:
        try:
            found = float(text)
        except ValueError:
            raise _refused(text, f"a number {span}") from None
        if math.isnan(found) or not minimum <= found <= maximum or (above and found == minimum):
            raise _refused(text, f"a number {span}")
        return found

    return read


def frame_rate(text: str) -> Fraction:
    """Return frames per second from a number or a fraction, such as 30 or 30000/1001.

    Raises
    ------
    ArgumentTypeError
        If it is none, or none that a camera has.
    """
    try:
        found = Fraction(text)
    except (ValueError, ZeroDivisionError):
        found = Fraction(0)
    if not 0 < found <= _FASTEST_RATE_HZ:
        wanted = f"a number above 0, up to {_FASTEST_RATE_HZ}, such as 30 or 30000/1001"
        raise _refused(text, wanted)
    return found


def number_range(text: str) -> tuple[int, int]:
    """Return the first and the last number of a range, such as ``200000-209999``.

    Raises
    ------
    argparse.ArgumentTypeError
        If these are not two whole numbers that are counted here.
    """
    first, _, last = text.partition("-")
    number_of = whole_number(0)
    try:
        return number_of(first), number_of(last)
    except argparse.ArgumentTypeError:
        raise _refused(text, "a range of numbers: write FIRST-LAST") from None


def _refused(text: str, wanted: str) -> argparse.ArgumentTypeError:
    shown = text if len(text) <= _SHOWN_CHARACTERS else f"{text[:_SHOWN_CHARACTERS]}..."
    return argparse.ArgumentTypeError(f"{shown!r} is not {wanted}")
