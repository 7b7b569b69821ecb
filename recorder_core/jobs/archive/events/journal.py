"""The journal of a recording: its markers and screenshots, sealed beside the video as they come.

The catalog is told of each at once where it can be; what it was not told, because its disk failed
or the process was killed, is read from the journal when the event is finished or finalised. One
entry is one line of JSON.
"""

from __future__ import annotations

import json
import math
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from typing import Any, Final, TypeAlias

import numpy as np
from numpy.typing import NDArray

from recorder_core.catalog import Marker, Screenshot
from recorder_core.catalog.model.codes import parse_utc, utc_text
from recorder_core.errors import CatalogError, DataError, SettingsError
from recorder_core.jobs.archive.access.session import Session
from recorder_core.jobs.archive.files.notes import put_note

__all__ = ["Journal", "JournalEntry", "check_frame", "enter_journal", "read_journal"]

_Row: TypeAlias = Marker | Screenshot
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

    row: _Row
    note: str = field(default="", repr=False)

    @property
    def kind(self) -> str:
        """What it is: marker or screenshot."""
        return "marker" if isinstance(self.row, Marker) else "screenshot"

    @property
    def row_id(self) -> str:
        """The id of the row."""
        return self.row.marker_id if isinstance(self.row, Marker) else self.row.screenshot_id

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


def check_frame(frame_rgb: NDArray[np.uint8], frame_index: int, at_seconds: float) -> None:
    """Raise SettingsError if the array is no RGB frame, or its time is invalid."""
    if frame_rgb.dtype != np.uint8 or frame_rgb.ndim != 3 or frame_rgb.shape[2] != 3:
        raise SettingsError(
            f"a screenshot is a frame of (height, width, 3) uint8, not {frame_rgb.shape} "
            f"{frame_rgb.dtype}"
        )
    if not (0 <= at_seconds < math.inf and frame_index >= 0):
        raise SettingsError(
            f"there is no frame {frame_index} at {at_seconds} s; both count from the start"
        )


def read_journal(content: bytes) -> Journal:
    """Read a journal up to its last whole line.

    Raises
    ------
    DataError
        If it is none.
    """
    whole, _, rest = content.rpartition(b"\n")
    return Journal(tuple(_read_line(line) for line in whole.splitlines()), len(rest))


def enter_journal(session: Session, event_id: str, entries: Sequence[JournalEntry]) -> None:
    """Store what the catalog does not know yet; inside a transaction.

    A screenshot whose sealed picture the catalog does not know is left out.
    """
    contents = session.catalog.contents
    known = {row.marker_id for row in contents.markers(event_id)}
    known |= {row.screenshot_id for row in contents.screenshots(event_id)}
    pictures = {row.file_id for row in contents.files(event_id, "screenshot")}
    for entry in entries:
        row = entry.row
        if entry.row_id in known:
            continue
        if isinstance(row, Marker):
            contents.put_marker(row)
        elif row.file_id in pictures:
            contents.add_screenshot(row)
        else:
            continue
        put_note(session, event_id, f"{entry.kind}:{entry.row_id}", {"note": entry.note})


def _read_line(line: bytes) -> JournalEntry:
    try:
        content: dict[str, Any] = json.loads(line)
        kind = next(kind for kind in _KINDS if kind in content)
        row = content[kind]
        made = _KINDS[kind](**row | {"created_utc": parse_utc(row["created_utc"])})
        return JournalEntry(made, str(content["note"]))
    except (ValueError, TypeError, KeyError, StopIteration, CatalogError) as error:
        raise DataError("a line of the journal of a recording is damaged") from error
