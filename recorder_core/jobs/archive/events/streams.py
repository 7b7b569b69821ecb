"""The files of an event that grow while it is recorded: videos, signals and the journal.

Each is sealed by a writer of its own, so that what stops one, or one of its copies, does not stop
the others.
"""

from __future__ import annotations

import math
import threading
from collections.abc import Callable, Sequence
from pathlib import Path

from recorder_core.archive import (
    CopyFault,
    FileIdentity,
    ReaderSet,
    SealedWriter,
    read_any_key_file,
)
from recorder_core.catalog.model.codes import check_code
from recorder_core.errors import ArchiveError, CatalogError, DataError
from recorder_core.jobs.archive.access.session import Session
from recorder_core.jobs.archive.events.journal import JournalEntry, enter_journal
from recorder_core.jobs.archive.events.signals import (
    SealedSignals,
    SignalTable,
    check_unit,
    seal_recorded_signals,
)
from recorder_core.jobs.archive.files.leftovers import retire_file
from recorder_core.jobs.archive.files.sealing import NewFile, describe_file
from recorder_core.jobs.archive.files.storing import note_key_file, note_readers, store_file
from recorder_core.jobs.archive.place.catalog_opening import fill_reserves
from recorder_core.jobs.archive.place.folders import has_info
from recorder_core.jobs.archive.place.roles import FileRole, file_name, make_file_id, role_of
from recorder_core.model import FrameTimes
from recorder_core.tables import (
    SIGNAL_LOG_END,
    SignalRow,
    begin_signal_log,
    pack_signals,
    read_signal_log,
)

__all__ = [
    "JournalStream",
    "RecordedStream",
    "SignalStream",
    "open_sink",
    "recorded_readers",
    "untold",
]


class RecordedStream:
    """One file of an event that is being recorded, such as a video.

    Attributes
    ----------
    role : str
        What it is.
    sink : SealedWriter
        Takes its bytes; they are durable within a second.
    index : FrameTimes or None
        When each frame of a video is shown; set it before the event is finished.
    """

    def __init__(self, session: Session, role: FileRole, sink: SealedWriter) -> None:
        self._session = session
        self.role = role
        self.sink = sink
        self.index: FrameTimes | None = None
        self._new: NewFile | None = None

    @property
    def file_id(self) -> str:
        """Its name in the catalog and on the disk."""
        return make_file_id(self.sink.key_file.identity)

    @property
    def was_stopped(self) -> bool:
        """Whether it was ended without `close`: it can no longer be completed."""
        return self.sink.closed and self.sink.key_file.completion is None

    def close(self) -> None:
        """Complete the file; again does nothing.

        Raises
        ------
        ArchiveError
            If no copy can be completed; what is durable stays, incomplete.
        """
        self.sink.close()
        self._new = self._new or describe_file(self.sink.whole_roots[0], self.sink)

    def enter(self) -> None:
        """Mark the file complete in the catalog; inside a transaction, after `close`."""
        if self._new is None:
            return
        contents, new = self._session.catalog.contents, self._new
        contents.complete_file(
            new.file_id,
            size_bytes=new.size_bytes,
            sha256=new.sha256,
            segment_count=new.segment_count,
        )
        if self.index is not None:
            contents.put_pts_index(new.file_id, self.index)

    def retire(self) -> None:
        """Destroy what the finished file has replaced, once the catalog was told."""


class SignalStream(RecordedStream):
    """The signals of an event that is being recorded; threads may share it.

    Rows are appended to a log. The finished file is a Parquet table like that of an import, which
    takes the place of the log.
    """

    def __init__(self, session: Session, role: FileRole, sink: SealedWriter) -> None:
        super().__init__(session, role, sink)
        self._lock = threading.Lock()
        self._named: set[tuple[str, str]] = set()
        self._sealed: SealedSignals | None = None
        self._is_ended = False
        self._log = [begin_signal_log()]
        sink.write(self._log[0])

    def append(self, rows: Sequence[SignalRow]) -> None:
        """Append rows as one batch: of it a crash leaves all or nothing.

        Parameters
        ----------
        rows : sequence of SignalRow
            Such as the values that a monitor gave at one moment.

        Raises
        ------
        DataError
            If a name is no code, a unit too long, or a time no number from 0 up; none is stored.
        ArchiveError
            If no copy can be written any more.
        """
        if not rows:
            return
        self._check(rows)
        batch = pack_signals(rows)
        with self._lock:
            self.sink.write(batch)
            self._log.append(batch)

    def close(self) -> None:
        """Seal the table; again does nothing."""
        if self._is_ended:
            return
        with self._lock:
            if self._log[-1] != SIGNAL_LOG_END:
                self.sink.write(SIGNAL_LOG_END)
                self._log.append(SIGNAL_LOG_END)
        self.sink.sync()
        table = SignalTable.of_log(read_signal_log(b"".join(self._log)))
        if len(table.frame):
            log = read_any_key_file(self._session.folders.roots(), self._name, self._identity)
            self._sealed = seal_recorded_signals(self._session, log, table)
        # never complete: whoever finds it knows that it is the log, not the table
        self.sink.abandon()
        self._is_ended = True

    def enter(self) -> None:
        """Replace the log by the table; inside a transaction, after `close`."""
        self._session.catalog.contents.remove_file(self.file_id)
        if self._sealed is not None:
            self._sealed.store(self._session)

    def retire(self) -> None:
        """Destroy the log."""
        retire_file(self._session, self._name)

    @property
    def was_stopped(self) -> bool:
        """Whether it was ended without `close`: it can no longer be completed."""
        return self.sink.closed and not self._is_ended

    @property
    def _identity(self) -> FileIdentity:
        return self.sink.key_file.identity

    @property
    def _name(self) -> str:
        return file_name(self.file_id)

    def _check(self, rows: Sequence[SignalRow]) -> None:
        for row in rows:
            if not 0 <= row.seconds < math.inf:
                raise DataError(
                    f"{row.signal} has a value at {row.seconds} s; give seconds from the start of "
                    "the event, 0 or more"
                )
        for name, unit in {(row.signal, row.unit) for row in rows} - self._named:
            check_code(name, "the name of a signal")
            check_unit(unit)
            self._named.add((name, unit))


class JournalStream(RecordedStream):
    """The journal of an event that is being recorded."""

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
        event_id = self.sink.key_file.identity.event_id
        known = {
            row.file_id for row in self._session.catalog.contents.files(event_id, "screenshot")
        }
        for file_id, picture in self._pictures.items():
            if file_id not in known:
                store_file(self._session, picture)
        enter_journal(self._session, event_id, self._entries)

    def enter(self) -> None:
        """Mark the file complete in the catalog, and add what it does not have yet."""
        super().enter()
        self.tell()


def open_sink(
    session: Session,
    event_id: str,
    role: FileRole,
    on_fault: Callable[[CopyFault], None] | None,
    *,
    begin: Callable[[], None] = lambda: None,
) -> SealedWriter:
    """Begin a file of an event, of which the catalog knows before its first byte is written.

    Parameters
    ----------
    session : Session
        Of the open archive.
    event_id : str
        Of the event that is recorded.
    role : str
        A kind of file that is recorded.
    on_fault : callable or None
        Told of each copy that stops while another goes on.
    begin : callable, optional
        What is stored in the same transaction.

    Raises
    ------
    ArchiveError
        If nothing can be written.
    CatalogError
        If the catalog cannot be told; nothing of the file is left.
    """
    kind, identity = role_of(role), FileIdentity(event_id, role)
    file_id, readers = make_file_id(identity), session.readers(kind.read)
    roots = session.folders.roots()
    fill_reserves(roots)
    sink = SealedWriter(roots, file_name(file_id), identity, readers, on_fault=on_fault)
    try:
        with session.catalog.transaction():
            begin()
            session.catalog.contents.open_file(event_id, role, file_id=file_id)
            note_key_file(session, file_id, sink.key_file)
            note_readers(session, event_id, role, sink.key_file)
    except BaseException:
        sink.discard()
        raise
    return sink


def recorded_readers(session: Session, sink: SealedWriter) -> ReaderSet:
    """Return those who can open a file that is being recorded, with what was granted meanwhile."""
    name, identity = file_name(make_file_id(sink.key_file.identity)), sink.key_file.identity
    return ReaderSet.of(read_any_key_file(session.folders.roots(), name, identity))


def untold(
    session: Session, event_id: str, roots: Sequence[Path], error: CatalogError
) -> ArchiveError:
    """Return an error that a recording is whole, and how the catalog is told of it."""
    on = " and ".join(str(root) for root in roots)
    folders, enter = session.folders, f"'workbench event finalise {event_id}"
    is_lost = not has_info(folders.primary) and folders.mirror in roots
    now = f", or now with {enter} --archive {folders.mirror}'" if is_lost else ""
    return ArchiveError(
        f"event {event_id}: the recording is whole on {on}, but the catalog could not be updated "
        f"({error.__cause__ or error}); when its disk works again, enter it with {enter}'{now}"
    )
