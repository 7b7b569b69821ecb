"""A file of an event that grows while it is recorded.

Each is sealed by a writer of its own, so that what stops one, or one of its copies, does not stop
the others. A kind that is recorded is one class with both halves: writing while it is recorded,
and saving what a recording that was cut off left of it.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from functools import partial
from pathlib import Path
from typing import ClassVar

from recorder_core.archive import (
    CopyFault,
    FileIdentity,
    ReaderSet,
    SealedReader,
    SealedWriter,
)
from recorder_core.catalog import Action
from recorder_core.errors import ArchiveError, CatalogError, NotAllowed, RecorderError
from recorder_core.jobs.archive.access.session import Session
from recorder_core.jobs.archive.events.adopting import FoundFile
from recorder_core.jobs.archive.files.leftovers import retire_file
from recorder_core.jobs.archive.files.sealing import Audience, NewFile, describe_file
from recorder_core.jobs.archive.files.storing import (
    note_key_file,
    note_readers,
    seal_to_present_readers,
)
from recorder_core.jobs.archive.place.catalog_opening import fill_reserves
from recorder_core.jobs.archive.place.folders import has_info
from recorder_core.jobs.archive.place.roles import (
    FileRole,
    RecordingFormat,
    StoredFile,
    file_name,
    make_file_id,
    role_of,
)
from recorder_core.jobs.archive.recording.saving import OnBytes, Saved

__all__ = [
    "RecordedStream",
    "catalog_not_updated",
    "open_sinks",
    "stating_recording",
    "updating_catalog",
]


class RecordedStream(ABC):
    """One file of an event that is being recorded, and what is saved of one that was cut off.

    Attributes
    ----------
    kind : str
        What its bytes are while it is recorded.
    unit : str
        What is counted of it.
    role : str
        What it is of the event.
    sink : SealedWriter
        Takes its bytes; they are durable within a second.
    """

    kind: ClassVar[RecordingFormat]
    unit: ClassVar[str]

    # -- while it is recorded -------------------------------------------------------------

    def __init__(self, session: Session, role: FileRole, sink: SealedWriter) -> None:
        self._session = session
        self.role = role
        self.sink = sink
        self._new: NewFile | None = None
        self._replaced: tuple[str, ...] = ()

    @property
    def file_id(self) -> str:
        """Its name in the catalog and on the disk."""
        return make_file_id(self._identity)

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
        self._session.catalog.contents.complete_file(
            self._new.file_id,
            size_bytes=self._new.size_bytes,
            sha256=self._new.sha256,
            segment_count=self._new.segment_count,
        )

    def retire(self) -> None:
        """Destroy what the finished file has replaced, once the catalog was told."""
        for name in self._replaced:
            retire_file(self._session, name)

    @property
    def _identity(self) -> FileIdentity:
        return self.sink.key_file.identity

    @property
    def _name(self) -> str:
        return file_name(self.file_id)

    # -- of one that was cut off ------------------------------------------------------------

    @classmethod
    def unknown_files(
        cls,
        session: Session,  # noqa: ARG003 - most kinds name none
        old: StoredFile,  # noqa: ARG003
        source: SealedReader | None,  # noqa: ARG003
    ) -> list[FoundFile]:
        """Return other files that it names and of which the catalog was not told.

        Parameters
        ----------
        session : Session
            Of the open archive.
        old : StoredFile
            The file, as the catalog has it.
        source : SealedReader or None
            The same, open; None: it is too damaged to be opened.
        """
        return []

    @classmethod
    @abstractmethod
    def save(
        cls, session: Session, old: StoredFile, source: SealedReader, on_bytes: OnBytes
    ) -> Saved:
        """Seal again what it holds.

        Parameters
        ----------
        session : Session
            Of the open archive.
        old : StoredFile
            The file, as the catalog has it.
        source : SealedReader
            The same, open.
        on_bytes : callable
            Told how many bytes of it are done.

        Raises
        ------
        PayloadDamaged
            If a part of it is damaged on every root.
        ArchiveError
            If the new file cannot be written.
        """


def open_sinks(
    session: Session,
    event_id: str,
    roles: Sequence[FileRole],
    on_fault: Callable[[CopyFault], None] | None,
    *,
    begin: Callable[[], None] = lambda: None,
) -> list[SealedWriter]:
    """Begin files of an event, of which the catalog knows before their first byte is written.

    Parameters
    ----------
    session : Session
        Of the open archive.
    event_id : str
        Of the event that is recorded.
    roles : sequence of str
        Kinds of files that are recorded.
    on_fault : callable or None
        Told of each copy that stops while another goes on.
    begin : callable, optional
        What is stored in the same transaction.

    Returns
    -------
    list of SealedWriter
        One for each role.

    Raises
    ------
    ArchiveError
        If nothing can be written.
    CatalogError
        If the catalog cannot be told, or who records was disabled meanwhile; nothing of the files
        is left.
    """
    fill_reserves(session.folders.roots())
    with ExitStack() as undo:
        sinks = []
        for role in roles:
            sinks.append(_begin_file(session, event_id, role, on_fault))
            undo.callback(sinks[-1].discard)
        with session.catalog.transaction():
            # what somebody states who was disabled meanwhile counts for nothing, and would stand in
            # the way of who saves the recording
            session.check_person()
            begin()
            for sink in sinks:
                _enter_begun(session, sink)
        undo.pop_all()
    return sinks


def _begin_file(
    session: Session,
    event_id: str,
    role: FileRole,
    on_fault: Callable[[CopyFault], None] | None,
) -> SealedWriter:
    identity = FileIdentity(event_id, role)
    name, readers = file_name(make_file_id(identity)), _readers(session, role)
    return SealedWriter(session.folders.roots(), name, identity, readers, on_fault=on_fault)


def _readers(session: Session, role: str) -> ReaderSet:
    return session.readers(role_of(role).read_action(is_released=False))


def _enter_begun(session: Session, sink: SealedWriter) -> None:
    """Enter a file that has no content yet, and who can open it; inside a transaction."""
    identity = sink.key_file.identity
    file_id = make_file_id(identity)
    session.catalog.contents.open_file(identity.event_id, identity.role, file_id=file_id)
    audience = Audience(sink.copy_key(), partial(_readers, session, identity.role))
    key_file = seal_to_present_readers(session, identity, audience)
    note_key_file(session, file_id, key_file)
    note_readers(session, identity.event_id, identity.role, key_file)


@contextmanager
def stating_recording(session: Session, event_id: str) -> Iterator[None]:
    """State what is changed inside as part of the recording, whichever thread does it."""
    with session.catalog.audit.acting(session.identity.actor, Action.RECORD, event_id):
        yield


@contextmanager
def updating_catalog(session: Session, event_id: str) -> Iterator[None]:
    """Change what the catalog has of a recording, in one transaction.

    Raises
    ------
    NotAllowed
        If who records was disabled meanwhile; nothing is changed.
    """
    with stating_recording(session, event_id), session.catalog.transaction():
        session.check_person()
        yield


def catalog_not_updated(
    session: Session, event_id: str, roots: Sequence[Path], error: CatalogError
) -> RecorderError:
    """Return an error that a recording is whole, and how the catalog is told of it."""
    on = " and ".join(str(root) for root in roots)
    if isinstance(error, NotAllowed):
        return NotAllowed(
            f"event {event_id}: the recording is whole on {on}, but the catalog was not told "
            f"({error}); a reviewer enters it with 'workbench event finalise {event_id}'"
        )
    folders, enter = session.folders, f"'workbench event finalise {event_id}"
    is_lost = not has_info(folders.primary) and folders.mirror in roots
    now = f", or now with {enter} --archive {folders.mirror}'" if is_lost else ""
    return ArchiveError(
        f"event {event_id}: the recording is whole on {on}, but the catalog could not be updated "
        f"({error.__cause__ or error}); when its disk works again, enter it with {enter}'{now}"
    )
