"""The ASCII protocol of BIS monitors: 9600 baud, 8N1, a line about every 5 s.

Lines end with CR LF, columns with ``|``. There is no checksum, so a line is believed only if it is
whole in every way that can be seen:

* it has the columns of the header (or the usual 35), each as wide as the header's, or as usual,
  or as in three earlier lines that followed one another;
* it begins with a time that exists, holds printable ASCII alone, and arrived within 2.5 s;
* its numbers look as a monitor prints them, or their column is blank;
* each quantity of the combined channel is also that of one of the others
  (:class:`~recorder_core.capture.bis.validity.ChannelAgreement`).

What fails the last test is withheld alone; what fails another, with its whole line.
"""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from datetime import datetime
from typing import Final

from recorder_core.capture.bis.ascii_columns import (
    DEFAULT_COLUMNS,
    AsciiColumns,
    channel_starts,
    read_columns,
)
from recorder_core.capture.bis.records import BisNotice, BisRecord, BisValues, NoticeKind, Reading
from recorder_core.capture.bis.stamped_bytes import StampedBytes
from recorder_core.capture.bis.validity import Channel, ChannelAgreement

__all__ = ["AsciiParser"]

_MAX_LINE_BYTES: Final = 1024
#: a line takes 0.34 s; one that takes longer has a gap, and its ends belong to two records
_MAX_LINE_SECONDS: Final = 2.5
#: other widths are believed once so many lines in a row had them
_LINES_OF_A_SHAPE: Final = 3
#: more columns than this has only data; what has fewer is another kind of line
_COLUMNS_OF_OTHERS: Final = 16
_PRINTABLE: Final = re.compile(rb"[\x20-\x7e]*")
_TIME: Final = re.compile(r"\d{2}/\d{2}/\d{4} \d{2}:\d{2}:\d{2}")
_NUMBER: Final = re.compile(r" *-?\d{1,4}\.\d{1,2}")
_BITS: Final = re.compile(r" *[0-9A-Fa-f]{1,8}")
_BLANK: Final = re.compile(r"[ -]*")
#: field of BisValues -> column
_QUANTITIES: Final[Mapping[str, str]] = {
    "bis": "BIS",
    "sqi": "SQI",
    "emg": "EMGLOW",
    "sr": "SR",
    "sef": "SEF",
    "total_power": "TOTPOW",
}


class _DamagedLineError(Exception):
    """The line is not as a monitor sends it."""


class AsciiParser:
    """Reads the ASCII protocol, piece by piece."""

    def __init__(self) -> None:
        self._waiting = StampedBytes()
        self._columns = DEFAULT_COLUMNS
        self._starts: dict[str, int] | None = None
        self._agreement = ChannelAgreement()
        #: widths of columns that are believed beside the header's, and those of the last line
        self._shapes = {DEFAULT_COLUMNS.widths}
        self._shape: tuple[int, ...] = ()
        self._lines_of_shape = 0
        self._is_first = True
        #: what comes up to the next line end belongs to a line that was too long
        self._is_cut = False

    def feed(self, data: bytes, seconds: float) -> list[Reading]:
        """Read a piece of the stream.

        Parameters
        ----------
        data : bytes
            Any number of them.
        seconds : float
            When they arrived, by `time.monotonic`; never less than the last time.

        Returns
        -------
        list of BisRecord or BisNotice
            What is complete now, in order.
        """
        self._waiting.append(data, seconds)
        found: list[Reading] = []
        while (size := self._line_size()) > 0:
            found += self._take_line(size)
        return found

    def restart(self) -> None:
        """Forget what waits: what arrives next does not follow it."""
        self._waiting.clear()
        self._is_first, self._is_cut, self._starts = True, False, None

    # -- lines ----------------------------------------------------------------------------------

    def _line_size(self) -> int:
        """Return the size of the next line, or of a piece that is too long for one; 0: neither."""
        content = self._waiting.content
        if not self._is_cut and content.startswith(b"\0"):
            self._waiting.drop(len(content) - len(content.lstrip(b"\0")))
        end = content.find(b"\n", 0, _MAX_LINE_BYTES)
        if end >= 0:
            return end + 1
        return _MAX_LINE_BYTES if len(self._waiting) >= _MAX_LINE_BYTES else 0

    def _take_line(self, size: int) -> list[Reading]:
        start, stop = (self._waiting.seconds_at(place) for place in (0, size - 1))
        raw = self._waiting.drop(size)
        was_cut, self._is_cut = self._is_cut, not raw.endswith(b"\n")
        was_first, self._is_first = self._is_first, False
        if not raw.strip():
            return []
        is_whole = not (was_cut or self._is_cut) and stop - start <= _MAX_LINE_SECONDS
        found = self._read_line(raw, start, is_whole)
        if was_first and isinstance(found, BisNotice) and found.kind in ("other", "unreadable"):
            return [BisNotice(start, "fragment", raw)]
        return [found]

    def _read_line(self, raw: bytes, seconds: float, is_whole: bool) -> Reading:
        content = raw.removesuffix(b"\n").removesuffix(b"\r")
        if not is_whole or not _PRINTABLE.fullmatch(content):
            return BisNotice(seconds, "unreadable", raw)
        cells = content.decode("ascii").split("|")
        if cells[0].rstrip() in ("S_HDR3", "TIME"):
            return BisNotice(seconds, self._read_header(cells), raw)
        if cells[0].rstrip() == "VERSION":
            return BisNotice(seconds, "version", raw)
        try:
            return self._read_data(cells, seconds, raw)
        except _DamagedLineError:
            kind: NoticeKind = "unreadable" if len(cells) > _COLUMNS_OF_OTHERS else "other"
            return BisNotice(seconds, kind, raw)

    # -- headers --------------------------------------------------------------------------------

    def _read_header(self, cells: list[str]) -> NoticeKind:
        if cells[-1]:
            return "unreadable"
        if cells[0].startswith("S_HDR3"):
            self._starts = channel_starts(cells[:-1])
            return "header" if self._starts else "unreadable"
        starts, self._starts = self._starts, None
        columns = read_columns(cells[:-1], starts) if starts else None
        if columns is None:
            return "unreadable"
        self._columns = columns
        return "header"

    # -- data -----------------------------------------------------------------------------------

    def _read_data(self, cells: list[str], seconds: float, raw: bytes) -> BisRecord:
        columns = self._columns
        if cells.pop() or len(cells) != columns.count or not _is_time(cells[0]):
            raise _DamagedLineError
        combined = _read_channel(cells, columns.combined)
        others = [_read_channel(cells, each) for each in columns.others]
        if not self._knows_shape(tuple(map(len, cells)), columns):
            raise _DamagedLineError
        return BisRecord(
            seconds,
            self._agreement.valid_values(combined, others),
            combined.status_bits,
            combined.artefact_bits,
            cells[0],
            None,
            raw,
        )

    def _knows_shape(self, widths: tuple[int, ...], columns: AsciiColumns) -> bool:
        """Return whether the columns are as wide as they should be, or use to be."""
        self._lines_of_shape = self._lines_of_shape + 1 if widths == self._shape else 1
        self._shape = widths
        if widths == columns.widths or widths in self._shapes:
            return True
        if self._lines_of_shape == _LINES_OF_A_SHAPE:
            self._shapes.add(widths)
        return False


def _read_channel(cells: list[str], places: Mapping[str, int]) -> Channel:
    """Read the columns of a channel; _DamagedLineError if a number cannot be one."""
    values = {
        name: _number(cells[places[column]])
        for name, column in _QUANTITIES.items()
        if column in places
    }
    status, artefacts = (
        _bits(cells[places[column]]) if column in places else 0 for column in ("BISBIT", "ARTF")
    )
    return Channel(BisValues(**values), status, artefacts)


def _number(cell: str) -> float:
    if _NUMBER.fullmatch(cell):
        return float(cell)
    if _BLANK.fullmatch(cell):
        return math.nan
    raise _DamagedLineError


def _bits(cell: str) -> int:
    if _BITS.fullmatch(cell):
        return int(cell, 16)
    if _BLANK.fullmatch(cell):
        return 0
    raise _DamagedLineError


def _is_time(cell: str) -> bool:
    if not _TIME.fullmatch(cell):
        return False
    try:
        datetime.strptime(cell, "%m/%d/%Y %H:%M:%S")
    except ValueError:
        return False
    return True
