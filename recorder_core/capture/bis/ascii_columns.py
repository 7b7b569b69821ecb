"""Which column of the ASCII protocol is what, as its header lines say.

Two lines, of the same columns as the data: `S_HDR3` says where each channel begins, `TIME` names
the columns. Names may end with digits, which differ between firmwares (SR11, SR12, SR).
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

__all__ = ["DEFAULT_COLUMNS", "AsciiColumns", "channel_starts", "read_columns"]

_CHANNEL: Final = re.compile(r"Ch\. *(1|2|12)")
_NAME: Final = re.compile(r"([A-Z][A-Z-]*?)(?:\d{0,2})")
#: the combined channel, which is the one on the monitor's screen
_COMBINED: Final = "12"
#: without these a line has no value that can be believed
_REQUIRED: Final = frozenset({"BIS", "SQI"})
_BEFORE_CHANNELS: Final = (
    "TIME", "DSC", "PIC", "Filters", "Alarm", "Lo-Limit", "Hi-Limit", "Silence",
)  # fmt: skip
_OF_A_CHANNEL: Final = (
    "SR", "SEF", "BISBIT", "BIS", "TOTPOW", "EMGLOW", "SQI", "IMPEDNCE", "ARTF",
)  # fmt: skip
_TIME_WIDTH: Final = 19
_WIDTH: Final = 8


@dataclass(frozen=True, slots=True)
class AsciiColumns:
    """What the columns of a stream are.

    Attributes
    ----------
    count : int
        Number of columns.
    widths : tuple of int
        Characters of each, in the header.
    combined : mapping of str to int
        Name, without digits, to the column of the combined channel.
    others : tuple of mapping
        The same for each of the other channels.
    """

    count: int
    widths: tuple[int, ...]
    combined: Mapping[str, int]
    others: tuple[Mapping[str, int], ...]


def channel_starts(cells: Sequence[str]) -> dict[str, int] | None:
    """Return the first column of each channel that a line `S_HDR3` names; None: it is damaged."""
    named = {place: cell.strip() for place, cell in enumerate(cells) if "Ch" in cell}
    found = {place: _CHANNEL.fullmatch(text) for place, text in named.items()}
    starts = {match[1]: place for place, match in found.items() if match}
    return starts if starts and len(starts) == len(named) else None


def read_columns(cells: Sequence[str], starts: Mapping[str, int]) -> AsciiColumns | None:
    """Return the columns that a line `TIME` names; None if it, or what is known of it, is damaged.

    Parameters
    ----------
    cells : sequence of str
        Of the line.
    starts : mapping of str to int
        What :func:`channel_starts` found in the line before it.
    """
    order = sorted(starts.items(), key=lambda item: item[1])
    stops = [start for _, start in order[1:]] + [len(cells)]
    groups = {}
    for (channel, start), stop in zip(order, stops, strict=True):
        names = [_plain_name(cell) for cell in cells[start:stop]]
        if len(set(names)) != len(names):
            return None
        groups[channel] = {name: start + place for place, name in enumerate(names)}
    # each channel has the same columns: one of another name was damaged
    if not all(list(each) == list(groups[order[0][0]]) for each in groups.values()):
        return None
    combined = groups.pop(_COMBINED if _COMBINED in groups else order[-1][0])
    if not combined.keys() >= _REQUIRED:
        return None
    widths = tuple(len(cell) for cell in cells)
    return AsciiColumns(len(cells), widths, combined, tuple(groups.values()))


def _plain_name(cell: str) -> str:
    """Return a name without the digits at its end; what is no name, as it is."""
    text = cell.strip()
    match = _NAME.fullmatch(text)
    return match[1] if match else text


def _default_columns() -> AsciiColumns:
    cells = [f"{name:{_WIDTH}}" for name in _BEFORE_CHANNELS + 3 * _OF_A_CHANNEL]
    cells[0] = f"{'TIME':{_TIME_WIDTH}}"
    first, size = len(_BEFORE_CHANNELS), len(_OF_A_CHANNEL)
    starts = {channel: first + place * size for place, channel in enumerate(("1", "2", "12"))}
    columns = read_columns(cells, starts)
    assert columns is not None
    return columns


#: what is read until a header was seen
DEFAULT_COLUMNS: Final = _default_columns()
