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
from functools import partial
from typing import Any, ClassVar, Final, TypeAlias

import numpy as np
from numpy.typing import NDArray

from recorder_core.archive import SealedReader, SealedWriter
from recorder_core.catalog import EventFile, Marker, Screenshot
from recorder_core.catalog.model.codes import parse_utc, utc_text
from recorder_core.errors import CatalogError, DataError, PayloadDamaged, SettingsError
from recorder_core.jobs.archive.access.session import Session
from recorder_core.jobs.archive.events.adopting import FoundFile, files_on_roots
from recorder_core.jobs.archive.files.notes import put_note
from recorder_core.jobs.archive.files.sealing import NewFile, seal_again
from recorder_core.jobs.archive.files.storing import store_file
from recorder_core.jobs.archive.place.roles import FileRole, Recorded, StoredFile, make_file_id
from recorder_core.jobs.archive.recording.saving import OnBytes, Saved, SavedFile, save_as_it_is
from recorder_core.jobs.archive.recording.streams import RecordedStream

__all__ = ["JournalEntry", "JournalStream", "check_frame"]

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
class _Journal:
    """What a journal holds."""

    entries: tuple[JournalEntry, ...]
    #: how many bytes follow its last whole line
    lost_bytes: int


class JournalStream(RecordedStream):
    """The markers and screenshots of an event that is being recorded."""

    kind: ClassVar[Recorded] = "journal"
    unit: ClassVar[str] = "line"

    def __init__(self, session: Session, role: FileRole, sink: SealedWriter) -> None:
        super().__init__(session, role, sink)
        self._entries: list[JournalEntry] = []
        self._pictures: dict[str, NewFile] = {}

    def write(self, entry: JournalEntry, picture: NewFile | None = None) -> None:
        """Write an entry, of which the catalog is told at the end at the latest.

        Raises
        ------
        ArchiveError
            If no copy can be written any more.
        """
        self.sink.write(entry.line())
        self._entries.append(entry)
        if picture is not None:
            self._pictures[picture.file_id] = picture

    def tell(self) -> None:
        """Enter what the catalog does not know yet; inside a transaction."""
        event_id = self._identity.event_id
        known = _known_pictures(self._session, event_id)
        for file_id, picture in self._pictures.items():
            if file_id not in known:
                store_file(self._session, picture)
        _enter_entries(self._session, event_id, self._entries)

    def enter(self) -> None:
        """Mark the file complete in the catalog, and add what it does not have yet."""
        super().enter()
        self.tell()

    @classmethod
    def unknown_files(
        cls, session: Session, old: StoredFile, source: SealedReader | None
    ) -> list[FoundFile]:
        """Return the screenshots that it names; of a journal that is damaged, every one."""
        event_id = old.row.event_id
        known, named = _known_pictures(session, event_id), _named_pictures(source)
        found = {
            make_file_id(file.key_file.identity): file
            for file in files_on_roots(session, event_id)
            if file.key_file.identity.role == "screenshot"
        }
        return [
            file
            for file_id, file in sorted(found.items())
            if file_id not in known and (named is None or file_id in named)
        ]

    @classmethod
    def save(
        cls, session: Session, old: StoredFile, source: SealedReader, on_bytes: OnBytes
    ) -> Saved:
        """Seal its whole lines; byte for byte where one is none."""
        content = b"".join(source.chunks())
        on_bytes(len(content))
        try:
            journal = _read_journal(content)
        except DataError:
            return save_as_it_is(session, old, source, on_bytes)
        whole = content[: len(content) - journal.lost_bytes]
        said = SavedFile(
            old.row.role,
            source.complete,
            len(journal.entries),
            max((entry.seconds for entry in journal.entries), default=0.0),
            journal.lost_bytes,
            unit=cls.unit,
        )
        new, _ = seal_again(session.folders.roots(), source, lambda _, writer: writer.write(whole))
        return Saved(old, said, new, partial(_enter_saved, entries=journal.entries))


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


def _enter_saved(session: Session, row: EventFile, *, entries: Sequence[JournalEntry]) -> None:
    _enter_entries(session, row.event_id, entries)


def _known_pictures(session: Session, event_id: str) -> set[str]:
    return {row.file_id for row in session.catalog.contents.files(event_id, "screenshot")}


def _named_pictures(source: SealedReader | None) -> set[str] | None:
    """Return the pictures that a journal names; None where nobody can say."""
    if source is None:
        return None
    try:
        entries = _read_journal(b"".join(source.chunks())).entries
    except PayloadDamaged:
        return None
    except DataError:
        return set()
    return {entry.row.file_id for entry in entries if isinstance(entry.row, Screenshot)}


def _read_journal(content: bytes) -> _Journal:
    """Return a journal up to its last whole line; DataError if it is none."""
    whole, _, rest = content.rpartition(b"\n")
    return _Journal(tuple(_read_line(line) for line in whole.splitlines()), len(rest))


def _enter_entries(session: Session, event_id: str, entries: Sequence[JournalEntry]) -> None:
    """Store what the catalog does not know yet; inside a transaction.

    A screenshot whose sealed picture the catalog does not know is left out.
    """
    contents = session.catalog.contents
    known = {row.marker_id for row in contents.markers(event_id)}
    known |= {row.screenshot_id for row in contents.screenshots(event_id)}
    pictures = _known_pictures(session, event_id)
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
