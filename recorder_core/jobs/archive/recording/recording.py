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
from contextlib import ExitStack, contextmanager
from datetime import datetime
from fractions import Fraction
from typing import Any, TypeVar

from recorder_core.archive import CopyFault, SealedWriter
from recorder_core.catalog import Action, EventState
from recorder_core.catalog.model.codes import check_code, check_site_code, new_id
from recorder_core.errors import ArchiveError, CatalogError, SettingsError, WrongState
from recorder_core.jobs.archive.access.session import Session
from recorder_core.jobs.archive.acting import acting, session_of
from recorder_core.jobs.archive.archive import Archive
from recorder_core.jobs.archive.event.event import ArchivedEvent
from recorder_core.jobs.archive.files.storing import put_names
from recorder_core.jobs.archive.names.event_names import EventNames
from recorder_core.jobs.archive.place.event_lock import lock_event
from recorder_core.jobs.archive.place.roles import FileRole, role_of
from recorder_core.jobs.archive.recording.detections import DetectionStream, detections_from
from recorder_core.jobs.archive.recording.event_files import EventFiles
from recorder_core.jobs.archive.recording.journal import JournalStream
from recorder_core.jobs.archive.recording.raw import RawStream
from recorder_core.jobs.archive.recording.request import RecordingRequest
from recorder_core.jobs.archive.recording.seekable import no_pace
from recorder_core.jobs.archive.recording.signals import SignalStream
from recorder_core.jobs.archive.recording.streams import (
    RecordedStream,
    catalog_not_updated,
    updating_catalog,
)
from recorder_core.jobs.archive.recording.videos import VideoStream
from recorder_core.model import EventClock, FrameTimes

__all__ = ["EventRecording", "record_event"]

_Stream = TypeVar("_Stream", bound=RecordedStream)


class EventRecording:
    """An event that is being recorded; threads may share it.

    Attributes
    ----------
    event_id : str
        Of the new event.
    clock : EventClock
        From whose zero every second of the event counts.
    warning : str or None
        What to say before the first byte: that nobody but the recovery key opens the recording.
    fragmented : tuple of str
        What to say after the block of `record_event`: which videos stay fragmented MP4, and why.
    """

    def __init__(
        self,
        session: Session,
        event_id: str,
        clock: EventClock,
        on_fault: Callable[[CopyFault], None] | None,
        warning: str | None,
    ) -> None:
        self._session, self._files = session, EventFiles(session, event_id, on_fault)
        self._lock = threading.RLock()
        self._streams: dict[str, RecordedStream] = {}
        self._video: VideoStream  # from `_begin` on
        self._journal: JournalStream  # too, so that others mark when who records is disabled
        self._is_finished = False
        self.event_id = event_id
        self.clock = clock
        self.warning = warning
        self.fragmented: tuple[str, ...] = ()

    @property
    def sink(self) -> SealedWriter:
        """What takes the bytes of the container of the video, such as fragmented MP4."""
        return self._video.sink

    @property
    def event(self) -> ArchivedEvent:
        """The event as the catalog has it now."""
        self._session.ask(Action.LIST_EVENTS)
        return ArchivedEvent(self._session, self._session.catalog.events.get(self.event_id))

    @property
    def journal(self) -> JournalStream:
        """The markers and screenshots of the event."""
        return self._journal

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
            If it is open already, or the recording has ended.
        ArchiveError
            If nothing can be written.
        CatalogError
            If the catalog cannot be told; the other files go on.
        """
        if role_of(role).recorded_as != "video":
            raise SettingsError(
                f"the {role} of an event is no video that is recorded; signals are recorded with "
                "open_signals(), detections with open_detections(), markers with "
                "journal.mark(), screenshots with journal.add_screenshot()"
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

    def open_raw(self) -> RawStream:
        """Open what devices say, byte by byte, beside the signals that are read of it.

        Raises
        ------
        WrongState, ArchiveError, CatalogError
            As `open_stream`.
        """
        return self._open("raw", RawStream)

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

    def describe(self, names: EventNames) -> None:
        """Seal names of people and places in the place of those before.

        Raises
        ------
        WrongState
            If the recording has ended.
        NotAllowed
            If who records was disabled meanwhile; nothing is changed.
        """
        with self._lock:
            self._refuse_ended()
            with updating_catalog(self._session, self.event_id):
                put_names(self._session, self.event_id, names)

    def finish(self, duration_seconds: float, index: FrameTimes | None = None) -> ArchivedEvent:
        """Complete all files and the event.

        Parameters
        ----------
        duration_seconds : float
            When it ended, by the event's clock.
        index : FrameTimes, optional
            When each frame of the video is shown. Without it `frames` of the event, screenshots and
            reports know no frame of it.

        Raises
        ------
        SettingsError
            If the length is no number of seconds from 0 up; the recording goes on.
        WrongState
            If it is already finished, was ended without that, or nobody asked for a stream of its
            request; then the recording goes on.
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
            self._files.refuse_waiting()
            ended_utc = self._ended_utc(duration_seconds)  # sealing may take seconds
            self._video.index = index
            self._close()
            try:
                with updating_catalog(self._session, self.event_id):
                    for stream in self._streams.values():
                        stream.enter()
                    by = self._session.identity.actor.user_id
                    self._session.catalog.events.finish(
                        self.event_id,
                        duration_seconds=duration_seconds,
                        by=by,
                        ended_utc=ended_utc,
                    )
            except CatalogError as error:
                raise catalog_not_updated(
                    self._session, self.event_id, self.sink.whole_roots, error
                ) from error
            self._is_finished = True
            for stream in self._streams.values():
                stream.retire()
        return self.event

    def _ended_utc(self, duration_seconds: float) -> datetime:
        """Return the wall time at the end, by the wall clock as it is set now."""
        now = EventClock.now(self._session.clock)
        return now.utc(duration_seconds - self.clock.seconds(now.zero_monotonic_seconds))

    def _abandon(self) -> None:
        """Stop without an end; nothing to do once finished."""
        with ExitStack() as stack:  # one that fails does not keep the others from the disk
            stack.callback(self._files.abandon)
            for stream in self._streams.values():
                stack.callback(stream.sink.abandon)

    def make_seekable(self, pace: Callable[[], None] = no_pace) -> None:
        """Replace the finished videos by seekable files; what prevents it stands in `fragmented`.

        Parameters
        ----------
        pace : callable, optional
            Called before each MiB: as long as it takes, something else has the machine.
        """
        try:
            with lock_event(self._session.folders, self.event_id, wait=False):
                state = self._session.catalog.events.get(self.event_id).state
                if state is not EventState.RECORDED:  # something was made of them meanwhile
                    raise WrongState(f"the event is {state}")
                self._make_seekable(pace)
        except (ArchiveError, CatalogError) as error:
            self.fragmented = (
                f"event {self.event_id}: its videos stay fragmented MP4, as they were recorded: "
                f"{error}; nothing of them is lost",
            )
        finally:
            self._forget()

    def _make_seekable(self, pace: Callable[[], None] = no_pace) -> None:
        """Replace the finished videos by seekable files; the caller holds the event."""
        said = [video.make_seekable(pace) for video in self._videos()] if self._is_finished else []
        self.fragmented = tuple(why for why in said if why is not None)

    def _forget(self) -> None:
        for video in self._videos():
            video.forget()

    def _videos(self) -> list[VideoStream]:
        return [each for each in self._streams.values() if isinstance(each, VideoStream)]

    def _open(
        self, role: FileRole, make: Callable[[Session, FileRole, SealedWriter], _Stream]
    ) -> _Stream:
        with self._lock:
            self._refuse_ended()
            if role in self._streams:
                raise WrongState(f"the {role} of event {self.event_id} is being recorded already")
            made = make(self._session, role, self._files.take(role))
            self._streams[role] = made
        return made

    def _begin(self, request: RecordingRequest) -> None:
        self._files.begin(request, self.clock)
        self._video = VideoStream(self._session, "original", self._files.take("original"))
        self._journal = JournalStream(self._session, "journal", self._files.take("journal"))
        self._streams = {"original": self._video, "journal": self._journal}

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

    def _refuse_ended(self) -> None:
        """Raise WrongState if the recording has ended, or can have none any more."""
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
def record_event(
    archive: Archive,
    request: RecordingRequest,
    *,
    clock: EventClock | None = None,
    seals_later: bool = False,
) -> Iterator[EventRecording]:
    """Begin a new event and lend what records it; call `finish` at the end.

    A block that ends without that leaves an incomplete recording, whatever ended it: an
    error, or ``kill -9``. After one that ends with it, each video that is fragmented MP4 becomes a
    seekable file; that takes as long as reading and writing it once, and what stops it leaves the
    recording as it is: see `EventRecording.fragmented`.

    Parameters
    ----------
    archive : Archive
        Open, for an operator.
    request : RecordingRequest
        What to record.
    clock : EventClock, optional
        Which instant is second 0 of the event: when the first frame of its video is shown; unless
        given, the call.
    seals_later : bool, default False
        Whether the videos stay as they were recorded until somebody calls
        `EventRecording.make_seekable`, while the archive is open.

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
    began = EventClock.now(session_of(archive).clock) if clock is None else clock
    with ExitStack() as held:
        with acting(archive, Action.RECORD, event_id) as session:
            held.enter_context(lock_event(session.folders, event_id))
            recording = EventRecording(
                session, event_id, began, request.on_fault, archive.seal_warning()
            )
            if not seals_later:
                held.callback(recording._forget)
            recording._begin(request)
            try:
                yield recording
            finally:
                recording._abandon()
        if not seals_later:
            recording._make_seekable()  # the recording has ended, in the log too
