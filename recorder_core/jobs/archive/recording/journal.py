"""The journal of a recording: its markers and screenshots, sealed beside the video as they come.

The catalog is told of each at once where it can be; what it was not told, because its disk failed,
who records was disabled or the process was killed, is read from the journal when the event is
finished or finalised. It is begun with the recording: nothing can be begun in the name of somebody
who is disabled. One entry is one line of JSON; a journal without any is forgotten at the end.
"""

from __future__ import annotations

import math
import threading
from collections.abc import Sequence
from contextlib import suppress
from functools import partial
from typing import ClassVar, Final

import numpy as np
from numpy.typing import NDArray

from recorder_core.archive import FileIdentity, SealedReader, SealedWriter
from recorder_core.catalog import EventFile, Marker, Screenshot
from recorder_core.catalog.model.codes import check_user_id, new_id
from recorder_core.errors import (
    CatalogError,
    DataError,
    PayloadDamaged,
    SettingsError,
    WrongState,
)
from recorder_core.jobs.archive.access.session import Session
from recorder_core.jobs.archive.events.adopting import FoundFile, files_on_roots
from recorder_core.jobs.archive.files.notes import put_note
from recorder_core.jobs.archive.files.sealing import NewFile, readers_of, seal_again, seal_bytes
from recorder_core.jobs.archive.files.storing import forget_file, store_file
from recorder_core.jobs.archive.marker_kinds import is_kind_of_recorder
from recorder_core.jobs.archive.place.roles import (
    FileRole,
    RecordingFormat,
    StoredFile,
    make_file_id,
)
from recorder_core.jobs.archive.process.bounded import within
from recorder_core.jobs.archive.recording.journal_lines import (
    JournalEntry,
    JournalRow,
    read_journal,
)
from recorder_core.jobs.archive.recording.saving import OnBytes, Saved, SavedFile, save_as_it_is
from recorder_core.jobs.archive.recording.streams import (
    RecordedStream,
    updating_catalog,
)
from recorder_core.media.frames.picture import encode_frame

__all__ = ["JournalStream"]

#: of what people noted so many are known while it is recorded
_MAX_NEWEST: Final = 50
#: how long who notes something waits until the catalog has it
_UPDATE_SECONDS: Final = 2.0


class JournalStream(RecordedStream):
    """The markers and screenshots of an event that is being recorded; threads may share it."""

    kind: ClassVar[RecordingFormat] = "journal"
    unit: ClassVar[str] = "line"

    def __init__(self, session: Session, role: FileRole, sink: SealedWriter) -> None:
        super().__init__(session, role, sink)
        self._lock, self._updating = threading.Lock(), threading.Lock()
        self._entries: list[JournalEntry] = []
        self._pictures: dict[str, NewFile] = {}
        self._picture_count = 0
        self._newest: tuple[JournalRow, ...] = ()

    @property
    def newest(self) -> tuple[Marker | Screenshot, ...]:
        """The newest 50 markers of people and screenshots, in the order in which they came.

        What the recorder marks by itself is none of them, but pauses are. This waits for no disk.
        """
        return self._newest

    def mark(
        self,
        kind: str,
        *,
        start_seconds: float,
        stop_seconds: float | None = None,
        note: str | None = None,
        by: str | None = None,
    ) -> Marker:
        """Mark a moment or a span; the catalog has it at the end at the latest.

        Parameters
        ----------
        kind : str
            Code, such as incision; stored in clear.
        start_seconds, stop_seconds : float
            By the event's clock; no stop for a moment.
        note : str, optional
            Free text; stored sealed, for those who can read the names.
        by : str, optional
            User id of whose marker it is; who records unless given.

        Raises
        ------
        CatalogError
            If the kind is no code, the span is none, or `by` no user id.
        WrongState
            If the recording has ended.
        ArchiveError
            If nothing can be written.
        """
        marker = Marker(
            marker_id=new_id(),
            event_id=self._identity.event_id,
            kind=kind,
            start_seconds=start_seconds,
            stop_seconds=stop_seconds,
            author=self._author(by),
            created_utc=self._session.clock(),
        )
        with self._lock:
            self._write(JournalEntry(marker, note or ""))
        self._try_update()
        return marker

    def add_screenshot(
        self,
        frame_rgb: NDArray[np.uint8],
        *,
        frame_index: int,
        pts: int,
        at_seconds: float,
        note: str | None = None,
        by: str | None = None,
    ) -> Screenshot:
        """Seal a frame of the video as a picture, to those who can open the video.

        Parameters
        ----------
        frame_rgb : ndarray, (height, width, 3) uint8
            As shown.
        frame_index, pts : int
            Which frame of the video it is, and when that is shown, in its time base.
        at_seconds : float
            By the event's clock.
        note : str, optional
            A caption; stored sealed, for those who can read the names.
        by : str, optional
            User id of who took it; who records unless given.

        Raises
        ------
        SettingsError
            If it is no frame, or the time none.
        CatalogError
            If `by` is no user id.
        WrongState
            If the recording has ended.
        ArchiveError
            If nothing can be written.
        """
        _check_frame(frame_rgb, frame_index, at_seconds)
        event_id, author = self._identity.event_id, self._author(by)
        content = encode_frame(frame_rgb)
        with self._lock:
            self._refuse_ended()
            roots = self._session.folders.roots()
            readers = readers_of(roots, FileIdentity(event_id, "original"))
            identity = FileIdentity(event_id, "screenshot", self._picture_count + 1)
            picture = seal_bytes(roots, identity, readers, content)
            self._picture_count += 1
            shot = Screenshot(
                screenshot_id=new_id(),
                event_id=event_id,
                file_id=picture.file_id,
                frame_index=frame_index,
                pts=pts,
                at_seconds=at_seconds,
                author=author,
                created_utc=self._session.clock(),
            )
            self._write(JournalEntry(shot, note or ""))
            self._pictures[picture.file_id] = picture
        self._try_update()
        return shot

    def update_catalog(self) -> None:
        """Enter what the catalog does not know yet; inside a transaction."""
        event_id = self._identity.event_id
        with self._lock:
            entries, pictures = tuple(self._entries), dict(self._pictures)
        known = _known_pictures(self._session, event_id)
        for file_id, picture in pictures.items():
            if file_id not in known:
                store_file(self._session, picture)
        _enter_entries(self._session, event_id, entries)

    def close(self) -> None:
        """Complete the file; again does nothing."""
        with self._lock:  # an entry is written whole, or refused
            super().close()

    def enter(self) -> None:
        """Mark the file complete in the catalog, and add what it does not have yet.

        A journal without an entry is forgotten.
        """
        if self._entries:
            super().enter()
            self.update_catalog()
        else:
            forget_file(self._session, self.file_id, self._identity)
            self._replaced = (self._name,)

    def _write(self, entry: JournalEntry) -> None:
        """Write an entry; the caller has the lock, which is never held to change the catalog."""
        self._refuse_ended()
        self.sink.write(entry.line())
        self._entries.append(entry)
        if isinstance(entry.row, Screenshot) or not is_kind_of_recorder(entry.row.kind):
            self._newest = (*self._newest, entry.row)[-_MAX_NEWEST:]

    def _try_update(self) -> None:
        """Update the catalog if that is possible soon; at the end it is done again.

        A disk that is slow, or gone, keeps nobody waiting who records.
        """
        if not self._updating.acquire(timeout=_UPDATE_SECONDS):
            return  # an earlier one waits for the disk

        def update() -> None:
            try:
                with updating_catalog(self._session, self._identity.event_id):
                    self.update_catalog()
            finally:
                self._updating.release()

        with suppress(CatalogError):
            within(_UPDATE_SECONDS, update)

    def _author(self, by: str | None) -> str:
        return self._session.identity.actor.user_id if by is None else check_user_id(by)

    def _refuse_ended(self) -> None:
        if self.sink.closed:
            raise WrongState(
                f"the recording of event {self._identity.event_id} has ended: mark the event "
                "with 'workbench event mark', take a picture with 'workbench event screenshot'"
            )

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
            journal = read_journal(content)
        except DataError:
            return save_as_it_is(session, old, source, on_bytes)
        whole = content[: len(content) - journal.lost_bytes]
        summary = SavedFile(
            old.row.role,
            source.complete,
            len(journal.entries),
            max((entry.seconds for entry in journal.entries), default=0.0),
            journal.lost_bytes,
            unit=cls.unit,
        )
        if not journal.entries:
            return Saved(old, summary)
        new, _ = seal_again(session.folders.roots(), source, lambda _, writer: writer.write(whole))
        return Saved(old, summary, new, partial(_enter_saved, entries=journal.entries))


def _check_frame(frame_rgb: NDArray[np.uint8], frame_index: int, at_seconds: float) -> None:
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
        entries = read_journal(b"".join(source.chunks())).entries
    except PayloadDamaged:
        return None
    except DataError:
        return set()
    return {entry.row.file_id for entry in entries if isinstance(entry.row, Screenshot)}


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
