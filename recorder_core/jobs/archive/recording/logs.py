"""Rows that are recorded: appended to a log, whose place a table takes at the end.

While it runs nothing of the rows is kept in memory: what was written is read back from the disk
once, when the table is made.
"""

from __future__ import annotations

import threading
from abc import abstractmethod
from collections.abc import Callable
from dataclasses import dataclass, field, replace

from recorder_core.archive import (
    KeyFile,
    SealedReader,
    SealedWriter,
    read_any_key_file,
)
from recorder_core.catalog import EventFile
from recorder_core.errors import DataError
from recorder_core.jobs.archive.access.session import Session
from recorder_core.jobs.archive.files.sealing import NewFile, readers_of, seal_bytes
from recorder_core.jobs.archive.files.storing import store_file
from recorder_core.jobs.archive.place.roles import FileRole, StoredFile
from recorder_core.jobs.archive.recording.saving import (
    OnBytes,
    Saved,
    SavedFile,
    enter_nothing,
)
from recorder_core.jobs.archive.recording.streams import RecordedStream
from recorder_core.tables import LOG_END

__all__ = ["LogStream", "LoggedTable"]


@dataclass(frozen=True, slots=True)
class LoggedTable:
    """The table that becomes of a log.

    Attributes
    ----------
    count : int
        How many rows it has.
    seconds : float
        How far it goes.
    is_whole : bool
        Whether the log has its end.
    lost_bytes : int
        How many bytes of the log follow its last whole batch.
    content : bytes
        The table's file.
    enter : callable
        Stores what the catalog has of the table besides its row; inside a transaction.
    """

    count: int
    seconds: float
    is_whole: bool
    lost_bytes: int
    content: bytes = field(repr=False)
    enter: Callable[[Session, EventFile], None] = field(default=enter_nothing, repr=False)

    def is_in(self, reader: SealedReader) -> bool:
        """Return whether a file is this table."""
        return b"".join(reader.chunks()) == self.content


class LogStream(RecordedStream):
    """Rows of an event that are being recorded; threads may share it.

    Parameters
    ----------
    session : Session
        Of the open archive.
    role : str
        What the table is of the event.
    sink : SealedWriter
        Just begun.
    beginning : bytes
        With which the log begins.
    """

    def __init__(
        self, session: Session, role: FileRole, sink: SealedWriter, beginning: bytes
    ) -> None:
        super().__init__(session, role, sink)
        self._lock = threading.Lock()
        self._has_end = False
        self._is_ended = False
        self._table: LoggedTable | None = None
        sink.write(beginning)

    @classmethod
    @abstractmethod
    def read(cls, content: bytes) -> LoggedTable:
        """Return the table that becomes of a log, up to its last whole batch.

        Raises
        ------
        DataError
            If it is none.
        """

    @property
    def was_stopped(self) -> bool:
        """Whether it was ended without `close`: it can no longer be completed."""
        return self.sink.closed and not self._is_ended

    def close(self) -> None:
        """Seal the table; again does nothing.

        Raises
        ------
        ArchiveError
            If it cannot be written, or the log cannot be read back; what is durable of it stays.
        """
        if self._is_ended:
            return
        with self._lock:
            if not self._has_end:
                self.sink.write(LOG_END)
                self._has_end = True
        self.sink.sync()
        bases = [root / self._name for root in self.sink.whole_roots]
        with SealedReader.of_writer(self.sink, bases) as written:
            self._table = self.read(written.readall())
        if self._table.count:
            log = read_any_key_file(self._session.folders.roots(), self._name, self._identity)
            self._new = _seal_in_place(self._session, log, self._table)
        # never complete: whoever finds it knows that it is the log, not the table
        self.sink.abandon()
        self._is_ended = True
        self._replaced = (self._name,)

    def enter(self) -> None:
        """Replace the log by the table; inside a transaction, after `close`."""
        self._session.catalog.contents.remove_file(self.file_id)
        if self._table is not None and self._new is not None:
            self._table.enter(self._session, store_file(self._session, self._new))

    @classmethod
    def save(
        cls, session: Session, old: StoredFile, source: SealedReader, on_bytes: OnBytes
    ) -> Saved:
        """Seal the table of its whole batches."""
        content = b"".join(source.chunks())
        try:
            table = cls.read(content)
        except DataError:
            return Saved(old, SavedFile(old.row.role, False, 0, 0.0, is_readable=False))
        finally:
            on_bytes(len(content))
        summary = SavedFile(
            old.row.role,
            table.is_whole,
            table.count,
            table.seconds,
            table.lost_bytes,
            unit=cls.unit,
        )
        if not table.count:
            return Saved(old, summary)
        new = _seal_in_place(session, source.key_file, table)
        return Saved(old, summary, new, table.enter, table.is_in)


def _seal_in_place(session: Session, log: KeyFile, table: LoggedTable) -> NewFile:
    """Seal a table in the place of its log and to the log's readers."""
    identity = replace(log.identity, generation=log.identity.generation + 1)
    roots = session.folders.roots()
    readers = readers_of(roots, log.identity)
    return seal_bytes(roots, identity, readers, table.content, replaces=log)
