"""Record an event into the archive: sealed from its first byte, known from its first moment.

The recorder needs no secret: it seals to public keys, and cannot read what it wrote. The
catalog knows the event and its file before the first byte is written, so that a recording that
is cut off is found, played as far as it goes, and finalised.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from recorder_core.archive import CopyFault, FileIdentity, SealedWriter
from recorder_core.catalog import Action
from recorder_core.catalog.model.codes import check_code, check_site_code, new_id
from recorder_core.errors import ArchiveError, CatalogError, SettingsError, WrongState
from recorder_core.jobs.archive.access.session import Session
from recorder_core.jobs.archive.acting import acting
from recorder_core.jobs.archive.archive import Archive
from recorder_core.jobs.archive.event.event import ArchivedEvent
from recorder_core.jobs.archive.files.sealing import NewFile, describe_file
from recorder_core.jobs.archive.files.storing import note_key_file, note_readers, put_names
from recorder_core.jobs.archive.names.event_names import EventNames
from recorder_core.jobs.archive.place.catalog_opening import fill_reserves
from recorder_core.jobs.archive.place.event_lock import lock_event
from recorder_core.jobs.archive.place.folders import has_info
from recorder_core.jobs.archive.place.roles import file_name, make_file_id
from recorder_core.model import FrameTimes

__all__ = ["EventRecording", "RecordingRequest", "record_event"]


@dataclass(frozen=True, slots=True, kw_only=True)
class RecordingRequest:
    """What to record.

    Attributes
    ----------
    procedure_code : str
        Code of what is done.
    site_code : str or None
        None: the archive's own.
    names : EventNames
        Of people and places.
    on_fault : callable or None
        Told of each copy that stops while another goes on; called from that copy's thread.
    """

    procedure_code: str
    site_code: str | None = None
    names: EventNames = field(default=EventNames(), repr=False)
    on_fault: Callable[[CopyFault], None] | None = field(default=None, repr=False)


class EventRecording:
    """An event that is being recorded.

    Attributes
    ----------
    event_id : str
        Of the new event.
    sink : SealedWriter
        Takes the bytes of the container, such as fragmented MP4; they are durable within a
        second.
    warning : str or None
        What to say before the first byte: that nobody but the recovery key opens the recording.
    """

    def __init__(
        self, session: Session, event_id: str, sink: SealedWriter, warning: str | None
    ) -> None:
        self._session = session
        self.event_id = event_id
        self.sink = sink
        self.warning = warning
        self._is_finished = False

    @property
    def event(self) -> ArchivedEvent:
        """The event as the catalog has it now."""
        self._session.ask(Action.LIST_EVENTS)
        return ArchivedEvent(self._session, self._session.catalog.events.get(self.event_id))

    def finish(self, duration_seconds: float, index: FrameTimes | None = None) -> ArchivedEvent:
        """Complete the file and the event.

        Parameters
        ----------
        duration_seconds : float
            By the monotonic clock, from 0 up.
        index : FrameTimes, optional
            When each frame is shown. Without it `frames` of the event, screenshots and reports
            know no frame of it.

        Raises
        ------
        SettingsError
            If the length is no number of seconds from 0 up; the recording goes on.
        WrongState
            If it is already finished, or was ended without that.
        ArchiveError
            If the file cannot be completed; what is durable stays, incomplete.
        """
        self._refuse_ended()
        if not 0 <= duration_seconds < math.inf:
            raise SettingsError(
                f"a recording cannot last {duration_seconds} s; give seconds from 0 up"
            )
        self.sink.close()
        roots = self.sink.whole_roots
        new = describe_file(roots[0], self.sink)
        try:
            self._enter(new, duration_seconds, index)
        except CatalogError as error:
            raise self._untold(roots, error) from error
        self._is_finished = True
        return self.event

    def _untold(self, roots: Sequence[Path], error: CatalogError) -> ArchiveError:
        """Return a sentence that the recording is whole, and how the catalog is told of it."""
        on = " and ".join(str(root) for root in roots)
        folders, enter = self._session.folders, f"'workbench event finalise {self.event_id}"
        is_lost = not has_info(folders.primary) and folders.mirror in roots
        now = f", or now with {enter} --archive {folders.mirror}'" if is_lost else ""
        return ArchiveError(
            f"event {self.event_id}: the recording is whole on {on}, but the catalog could not "
            f"be updated ({error.__cause__ or error}); when its disk works again, enter it with "
            f"{enter}'{now}"
        )

    def _refuse_ended(self) -> None:
        """Raise WrongState if the recording has its end, or can have none any more."""
        if self._is_finished:
            raise WrongState(
                f"event {self.event_id} is already finished; its length and frames stay as they are"
            )
        if self.sink.closed and self.sink.key_file.completion is None:
            raise WrongState(
                f"the recording of event {self.event_id} was stopped without finish(): call it "
                f"inside the block; what is there is saved with 'workbench event finalise "
                f"{self.event_id}'"
            )

    def _enter(self, new: NewFile, duration_seconds: float, index: FrameTimes | None) -> None:
        catalog = self._session.catalog
        with catalog.transaction():
            catalog.contents.complete_file(
                new.file_id,
                size_bytes=new.size_bytes,
                sha256=new.sha256,
                segment_count=new.segment_count,
            )
            if index is not None:
                catalog.contents.put_pts_index(new.file_id, index)
            by = self._session.identity.actor.user_id
            catalog.events.finish(self.event_id, duration_seconds=duration_seconds, by=by)


@contextmanager
def record_event(archive: Archive, request: RecordingRequest) -> Iterator[EventRecording]:
    """Begin a new event and lend what records it; call `finish` at the end.

    A block that ends without that leaves an incomplete recording, whatever ended it: an
    error, or ``kill -9``.

    Parameters
    ----------
    archive : Archive
        Open, for an operator.
    request : RecordingRequest
        What to record.

    Raises
    ------
    NotAllowed
        If the profile may not record.
    ArchiveError
        If nothing can be written.
    """
    check_code(request.procedure_code, "the procedure code")
    if request.site_code is not None:
        check_site_code(request.site_code)
    event_id = new_id()
    with acting(archive, Action.RECORD, event_id) as session, lock_event(session.folders, event_id):
        sink = _begin(session, event_id, request)
        try:
            yield EventRecording(session, event_id, sink, archive.seal_warning())
        finally:
            sink.abandon()  # nothing to do once it is closed


def _begin(session: Session, event_id: str, request: RecordingRequest) -> SealedWriter:
    fill_reserves(session.folders.roots())
    identity = FileIdentity(event_id, "original")
    file_id = make_file_id(identity)
    sink = SealedWriter(
        session.folders.roots(),
        file_name(file_id),
        identity,
        session.readers(Action.VIEW_ORIGINAL),
        on_fault=request.on_fault,
    )
    try:
        with session.catalog.transaction():
            session.catalog.events.begin(
                event_id=event_id,
                site_code=request.site_code or session.folders.info.site_code,
                procedure_code=request.procedure_code,
                by=session.identity.actor.user_id,
            )
            put_names(session, event_id, request.names)
            session.catalog.contents.open_file(event_id, "original", file_id=file_id)
            note_key_file(session, file_id, sink.key_file)
            note_readers(session, event_id, "original", sink.key_file)
    except BaseException:
        sink.discard()
        raise
    return sink
