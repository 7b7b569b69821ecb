"""Record an event into the archive: sealed from its first byte, registered before it.

The recorder needs no secret: it seals to public keys, and once a file has its end it cannot read
what it wrote. An event has several files while it is recorded, each sealed by itself: videos,
signals, detections, screenshots, and a journal of markers and screenshots. The catalog knows them
before their first byte, so that what is cut off is found, played as far as it goes, and finalised.
"""

from __future__ import annotations

import math
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager, suppress
from fractions import Fraction
from typing import Any, TypeVar

import numpy as np
from numpy.typing import NDArray

from recorder_core.archive import CopyFault, FileIdentity, SealedWriter
from recorder_core.catalog import Action, Marker, Screenshot
from recorder_core.catalog.model.codes import check_code, check_site_code, new_id
from recorder_core.errors import ArchiveError, CatalogError, SettingsError, WrongState
from recorder_core.jobs.archive.access.session import Session
from recorder_core.jobs.archive.acting import acting
from recorder_core.jobs.archive.archive import Archive
from recorder_core.jobs.archive.event.event import ArchivedEvent
from recorder_core.jobs.archive.files.sealing import NewFile, seal_bytes
from recorder_core.jobs.archive.files.storing import put_names
from recorder_core.jobs.archive.place.event_lock import lock_event
from recorder_core.jobs.archive.place.roles import FileRole, role_of
from recorder_core.jobs.archive.recording.detections import DetectionStream, detections_from
from recorder_core.jobs.archive.recording.journal import JournalEntry, JournalStream, check_frame
from recorder_core.jobs.archive.recording.request import RecordingRequest
from recorder_core.jobs.archive.recording.signals import SignalStream
from recorder_core.jobs.archive.recording.streams import (
    RecordedStream,
    open_sink,
    recorded_readers,
    untold,
)
from recorder_core.jobs.archive.recording.videos import VideoStream
from recorder_core.media.frames.picture import encode_frame
from recorder_core.model import FrameTimes

__all__ = ["EventRecording", "record_event"]

_Stream = TypeVar("_Stream", bound=RecordedStream)


class EventRecording:
    """An event that is being recorded; threads may share it.

    Attributes
    ----------
    event_id : str
        Of the new event.
    warning : str or None
        What to say before the first byte: that nobody but the recovery key opens the recording.
    """

    def __init__(
        self,
        session: Session,
        event_id: str,
        on_fault: Callable[[CopyFault], None] | None,
        warning: str | None,
    ) -> None:
        self._session, self._on_fault = session, on_fault
        self._lock = threading.RLock()
        self._streams: dict[str, RecordedStream] = {}
        self._video: VideoStream  # from `_begin` on
        self._journal: JournalStream | None = None
        self._picture_count, self._is_finished = 0, False
        self.event_id = event_id
        self.warning = warning

    @property
    def sink(self) -> SealedWriter:
        """What takes the bytes of the container of the video, such as fragmented MP4."""
        return self._video.sink

    @property
    def event(self) -> ArchivedEvent:
        """The event as the catalog has it now."""
        self._session.ask(Action.LIST_EVENTS)
        return ArchivedEvent(self._session, self._session.catalog.events.get(self.event_id))

    def open_stream(self, role: FileRole) -> VideoStream:
        """Open another video of the event, to be recorded beside the first.

        Parameters
        ----------
        role : str
            What it is, such as the view of the room.

        Raises
        ------
        SettingsError
            If it is no video that is recorded.
        WrongState
            If it is open already, or the recording has its end.
        ArchiveError
            If nothing can be written.
        CatalogError
            If the catalog cannot be told; the other files go on.
        """
        if role_of(role).recorded_as != "video":
            raise SettingsError(
                f"the {role} of an event is no video that is recorded; signals are recorded with "
                "open_signals(), detections with open_detections(), markers with mark(), "
                "screenshots with add_screenshot()"
            )
        return self._open(role, VideoStream)

    def open_signals(self) -> SignalStream:
        """Open the signals of the event; all devices append to one table.

        Raises
        ------
        WrongState, ArchiveError, CatalogError
            As `open_stream`.
        """
        return self._open("signals", SignalStream)

    def open_detections(
        self, time_base: Fraction, settings: Mapping[str, Any] | None = None
    ) -> DetectionStream:
        """Open the detections of the event, as live de-identification finds them.

        Parameters
        ----------
        time_base : Fraction
            Seconds per unit of the pts of the frames.
        settings : mapping, optional
            How they are found, as plain JSON values; kept with the table.

        Raises
        ------
        DataError
            If a setting is no JSON value.
        WrongState, ArchiveError, CatalogError
            As `open_stream`.
        """
        return self._open("detections", detections_from(self.event_id, time_base, settings or {}))

    def mark(
        self,
        kind: str,
        *,
        start_seconds: float,
        stop_seconds: float | None = None,
        note: str | None = None,
    ) -> Marker:
        """Mark a moment or a span; it is in the journal, and in the catalog at the end at latest.

        Parameters
        ----------
        kind : str
            Code, such as incision; stored in clear.
        start_seconds, stop_seconds : float
            From the start of the event; no stop for a moment.
        note : str, optional
            Free text; stored sealed, for those who can read the names.

        Raises
        ------
        CatalogError
            If the kind is no code, or the span is none.
        ArchiveError
            If nothing can be written.
        """
        marker = Marker(
            marker_id=new_id(),
            event_id=self.event_id,
            kind=kind,
            start_seconds=start_seconds,
            stop_seconds=stop_seconds,
            author=self._session.identity.actor.user_id,
            created_utc=self._session.clock(),
        )
        self._note(JournalEntry(marker, note or ""))
        return marker

    def add_screenshot(
        self,
        frame_rgb: NDArray[np.uint8],
        *,
        frame_index: int,
        pts: int,
        at_seconds: float,
        note: str | None = None,
    ) -> Screenshot:
        """Seal a frame of the video as a picture, to those who can open the video.

        Parameters
        ----------
        frame_rgb : ndarray, (height, width, 3) uint8
            As shown.
        frame_index, pts : int
            Which frame of the video it is, and when that is shown, in its time base.
        at_seconds : float
            From the start of the event.
        note : str, optional
            A caption; stored sealed, for those who can read the names.

        Raises
        ------
        SettingsError
            If it is no frame, or the time none.
        ArchiveError
            If nothing can be written.
        """
        check_frame(frame_rgb, frame_index, at_seconds)
        with self._lock:
            self._refuse_ended()
            identity = FileIdentity(self.event_id, "screenshot", self._picture_count + 1)
            readers = recorded_readers(self._session, self.sink)
            content = encode_frame(frame_rgb)
            picture = seal_bytes(self._session.folders.roots(), identity, readers, content)
            self._picture_count += 1
            shot = Screenshot(
                screenshot_id=new_id(),
                event_id=self.event_id,
                file_id=picture.file_id,
                frame_index=frame_index,
                pts=pts,
                at_seconds=at_seconds,
                author=self._session.identity.actor.user_id,
                created_utc=self._session.clock(),
            )
            self._note(JournalEntry(shot, note or ""), picture)
        return shot

    def finish(self, duration_seconds: float, index: FrameTimes | None = None) -> ArchivedEvent:
        """Complete all files and the event.

        Parameters
        ----------
        duration_seconds : float
            By the monotonic clock, from 0 up.
        index : FrameTimes, optional
            When each frame of the video is shown. Without it `frames` of the event, screenshots and
            reports know no frame of it.

        Raises
        ------
        SettingsError
            If the length is no number of seconds from 0 up; the recording goes on.
        WrongState
            If it is already finished, or was ended without that.
        ArchiveError
            If a file cannot be completed; what is durable stays, the others are completed.
        NotAllowed
            If who records was disabled meanwhile: the files are whole, a reviewer enters them.
        """
        with self._lock:
            self._refuse_ended()
            if not 0 <= duration_seconds < math.inf:
                raise SettingsError(
                    f"a recording cannot last {duration_seconds} s; give seconds from 0 up"
                )
            self._video.index = index
            self._close()
            try:
                with self._telling():
                    for stream in self._streams.values():
                        stream.enter()
                    by = self._session.identity.actor.user_id
                    self._session.catalog.events.finish(
                        self.event_id, duration_seconds=duration_seconds, by=by
                    )
            except CatalogError as error:
                raise untold(self._session, self.event_id, self.sink.whole_roots, error) from error
            self._is_finished = True
            for stream in self._streams.values():
                stream.retire()
        return self.event

    def _abandon(self) -> None:
        """Stop without an end; nothing to do once finished."""
        with ExitStack() as stack:  # one that fails does not keep the others from the disk
            for stream in self._streams.values():
                stack.callback(stream.sink.abandon)

    def _open(
        self,
        role: FileRole,
        make: Callable[[Session, FileRole, SealedWriter], _Stream],
        begin: Callable[[], None] = lambda: None,
    ) -> _Stream:
        with self._lock:
            self._refuse_ended()
            if role in self._streams:
                raise WrongState(f"the {role} of event {self.event_id} is being recorded already")
            with self._doing():
                sink = open_sink(self._session, self.event_id, role, self._on_fault, begin=begin)
            made = make(self._session, role, sink)
            self._streams[role] = made
        return made

    def _begin(self, request: RecordingRequest) -> None:
        session, by = self._session, self._session.identity.actor.user_id

        def begin() -> None:
            session.catalog.events.begin(
                event_id=self.event_id,
                site_code=request.site_code or session.folders.info.site_code,
                procedure_code=request.procedure_code,
                by=by,
            )
            put_names(session, self.event_id, request.names)
            if request.view is not None:
                session.catalog.views.put_room(self.event_id, request.view, by=by)

        self._video = self._open("original", VideoStream, begin=begin)

    def _note(self, entry: JournalEntry, picture: NewFile | None = None) -> None:
        """Write an entry of the journal, and tell the catalog of it if it can be told now."""
        with self._lock:
            self._refuse_ended()
            self._journal = self._journal or self._open("journal", JournalStream)
            self._journal.write(entry, picture)
            with suppress(CatalogError), self._telling():  # it is told again at the end
                self._journal.tell()

    def _close(self) -> None:
        """Complete every file, even after one has failed, then raise what was wrong."""
        faults = []
        for stream in self._streams.values():
            try:
                stream.close()
            except ArchiveError as error:
                faults.append(error)
        if faults:
            raise ArchiveError(
                f"{faults[0]}; what is there of each file is saved with 'workbench event finalise "
                f"{self.event_id}'"
            ) from faults[0]

    @contextmanager
    def _doing(self) -> Iterator[None]:
        """State what is changed inside as part of the recording, whichever thread does it."""
        audit, actor = self._session.catalog.audit, self._session.identity.actor
        with audit.acting(actor, Action.RECORD, self.event_id):
            yield

    @contextmanager
    def _telling(self) -> Iterator[None]:
        with self._doing(), self._session.catalog.transaction():
            self._session.check_person()
            yield

    def _refuse_ended(self) -> None:
        """Raise WrongState if the recording has its end, or can have none any more."""
        if self._is_finished:
            raise WrongState(
                f"event {self.event_id} is already finished; its length and frames stay as they are"
            )
        if any(stream.was_stopped for stream in self._streams.values()):
            raise WrongState(
                f"the recording of event {self.event_id} was stopped without finish(): call it "
                f"inside the block; what is there is saved with 'workbench event finalise "
                f"{self.event_id}'"
            )


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
        recording = EventRecording(session, event_id, request.on_fault, archive.seal_warning())
        recording._begin(request)
        try:
            yield recording
        finally:
            recording._abandon()
