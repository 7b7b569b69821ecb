"""How many there are of something, in words."""

from __future__ import annotations

__all__ = ["format_count"]


def format_count(count: int, what: str) -> str:
    """Return how many there are of something: 1 file, 2 files.

    Parameters
    ----------
    count : int
        How many.
    what : str
        One of them; its plural ends in s.
    """
    return f"{count} {what}{'' if count == 1 else 's'}"
