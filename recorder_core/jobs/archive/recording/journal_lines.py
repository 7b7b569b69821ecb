"""The lines of the journal of a recording: a marker or a screenshot each, as JSON."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass, field
from typing import Any, Final, TypeAlias

from recorder_core.catalog import Marker, Screenshot
from recorder_core.catalog.model.codes import parse_utc, utc_text
from recorder_core.errors import CatalogError, DataError

__all__ = ["Journal", "JournalEntry", "JournalRow", "read_journal"]

JournalRow: TypeAlias = Marker | Screenshot
_KINDS: Final[dict[str, type[Marker] | type[Screenshot]]] = {
    "marker": Marker,
    "screenshot": Screenshot,
}


@dataclass(frozen=True, slots=True)
class JournalEntry:
    """A marker or a screenshot, as the catalog is to have it.

    Attributes
    ----------
    row : Marker or Screenshot
        Of the event that is recorded.
    note : str
        What belongs to it, sealed with the names; may be empty.
    """

    row: JournalRow
    note: str = field(default="", repr=False)

    @property
    def kind(self) -> str:
        """What it is: marker or screenshot."""
        return "marker" if isinstance(self.row, Marker) else "screenshot"

    @property
    def row_id(self) -> str:
        """The id of the row."""
        return self.row.marker_id if isinstance(self.row, Marker) else self.row.screenshot_id

    @property
    def seconds(self) -> float:
        """When it is, from the start of the event."""
        return self.row.start_seconds if isinstance(self.row, Marker) else self.row.at_seconds

    def line(self) -> bytes:
        """Return the line of the journal."""
        row = asdict(self.row) | {"created_utc": utc_text(self.row.created_utc)}
        text = json.dumps({self.kind: row, "note": self.note}, ensure_ascii=True, allow_nan=False)
        return text.encode("ascii") + b"\n"


@dataclass(frozen=True, slots=True)
class Journal:
    """What a journal holds."""

    entries: tuple[JournalEntry, ...]
    #: how many bytes follow its last whole line
    lost_bytes: int


def read_journal(content: bytes) -> Journal:
    """Return a journal up to its last whole line; DataError if it is none."""
    whole, _, rest = content.rpartition(b"\n")
    return Journal(tuple(_read_line(line) for line in whole.splitlines()), len(rest))


def _read_line(line: bytes) -> JournalEntry:
    try:
        content: dict[str, Any] = json.loads(line)
        kind = next(kind for kind in _KINDS if kind in content)
        row = content[kind]
        made = _KINDS[kind](**row | {"created_utc": parse_utc(row["created_utc"])})
        return JournalEntry(made, str(content["note"]))
    except (ValueError, TypeError, KeyError, StopIteration, CatalogError) as error:
        raise DataError("a line of the journal of a recording is damaged") from error
