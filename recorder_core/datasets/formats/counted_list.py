"""The grammar that WIDER FACE and FDDB share: a name, a count, and as many lines."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from recorder_core.datasets.formats.damage import located, read_text
from recorder_core.errors import DataError

__all__ = ["CountedEntry", "NumberedLine", "read_counted_list"]

#: a line's number, from 1, and its text
NumberedLine = tuple[int, str]


@dataclass(frozen=True, slots=True)
class CountedEntry:
    """One picture of such a list."""

    #: number of the line with the name, from 1
    line: int
    name: str
    rows: tuple[NumberedLine, ...]


def read_counted_list(path: Path) -> Iterator[CountedEntry]:
    """Read the entries of a list; a line of zeros after a count of zero is no entry.

    Raises
    ------
    DataError
        If a count is missing or larger than what follows; the message names the line.
    """
    lines = [
        (number, text.strip())
        for number, text in enumerate(read_text(path).splitlines(), start=1)
        if text.strip()
    ]
    at = 0
    while at < len(lines):
        number, name = lines[at]
        with located(path, f"line {number + 1}"):
            count = _read_count(lines[at + 1 : at + 2], name)
        rows = lines[at + 2 : at + 2 + count]
        if len(rows) < count:
            raise DataError(
                f"{path}, line {number}: the picture {name} should have {count} faces, but the "
                f"file ends after {len(rows)}"
            )
        yield CountedEntry(number, name, tuple(rows))
        at += 2 + count
        if not count and at < len(lines) and _is_zeros(lines[at][1]):
            at += 1


def _read_count(following: list[NumberedLine], name: str) -> int:
    text = following[0][1] if following else ""
    if not text.isdecimal():
        raise DataError(f"after the picture {name} comes {text!r}, not the number of its faces")
    return int(text)


def _is_zeros(text: str) -> bool:
    parts = text.split()
    return len(parts) >= 4 and set(parts) == {"0"}
