"""Take an existing video into the archive as an event.

Video and audio are not encoded again. What is MP4-able becomes a seekable MP4 file without
metadata; anything else is kept as it is, byte for byte. Either is encrypted on its way: no
copy in clear is made. The event enters the catalog in one transaction once its file is on the
disk, so that a crash leaves no half event: at most a sealed file that nothing refers to.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field, replace
from datetime import datetime
from fractions import Fraction
from functools import partial
from pathlib import Path

import numpy as np

from recorder_core.archive import FileIdentity
from recorder_core.catalog import Action
from recorder_core.catalog.model.codes import check_code, check_site_code, new_id
from recorder_core.errors import (
    ArchiveError,
    Cancelled,
    CatalogError,
    DataError,
    DecodeError,
    EncodeError,
    SettingsError,
    TimesUnfit,
)
from recorder_core.jobs.archive.access.session import Session
from recorder_core.jobs.archive.acting import acting
from recorder_core.jobs.archive.archive import Archive
from recorder_core.jobs.archive.event.event import ArchivedEvent
from recorder_core.jobs.archive.events.duplicates import find_same_video
from recorder_core.jobs.archive.events.import_result import ImportResult
from recorder_core.jobs.archive.events.signals import SignalTable, read_signal_file, seal_signals
from recorder_core.jobs.archive.events.starting import Start, check_start, find_start
from recorder_core.jobs.archive.files.leftovers import find_leftovers, retire_file
from recorder_core.jobs.archive.files.sealing import NewFile, seal_path, sealing
from recorder_core.jobs.archive.files.storing import put_names, store_file
from recorder_core.jobs.archive.names.event_names import EventNames
from recorder_core.jobs.archive.place.event_lock import lock_event
from recorder_core.jobs.archive.place.folders import has_info
from recorder_core.jobs.archive.place.roles import file_name
from recorder_core.jobs.progress import Progress, no_progress
from recorder_core.media import (
    ByteSink,
    FrameIndex,
    MediaInfo,
    Video,
    can_remux,
    hash_beside,
    indexed_bytes,
    open_video,
    probe,
    remux,
)
from recorder_core.model import FrameTimes, View, parse_view

__all__ = ["ImportRequest", "import_video"]


@dataclass(frozen=True, slots=True, kw_only=True)
class ImportRequest:
    """What to import.

    Attributes
    ----------
    source : Path
        A video.
    source_name : str or None
        What its file is called, which is sealed with the event; None: as `source` is.
    procedure_code : str
        Code of what was done.
    site_code : str or None
        None: the archive's own.
    started_utc : datetime or None
        When the recording began; None: when the file's own tag says so, and without one so
        long before the file was last written as the video is long.
    names : EventNames
        Of people and places; the source's file name is added.
    signals : Path or None
        Parquet or CSV file with the columns signal, unit, seconds, value.
    video_stream : int or None
        The number of a stream of video; None: the one that a player shows.
    view : str or None
        Where the room lies: ``X,Y,WIDTH,HEIGHT`` or a layout's name; None: nobody said it.
    salvage : bool
        Keep a damaged or cut-off file, byte for byte, instead of refusing it.
    event_id : str or None
        Of the new event, for who looks for it after a stop; None: it is made.
    """

    source: Path
    procedure_code: str
    source_name: str | None = field(default=None, repr=False)
    site_code: str | None = None
    started_utc: datetime | None = None
    names: EventNames = field(default=EventNames(), repr=False)
    signals: Path | None = None
    video_stream: int | None = None
    view: str | None = None
    salvage: bool = False
    event_id: str | None = None


@dataclass(frozen=True, slots=True)
class _Opened:
    """A source, read once."""

    path: Path = field(repr=False)
    video: Video
    signals: SignalTable | None
    room: View | None

    @property
    def info(self) -> MediaInfo:
        """What the video holds."""
        return self.video.info

    @property
    def index(self) -> FrameIndex:
        """Every frame of it."""
        return self.video.index

    @property
    def duration_seconds(self) -> float:
        """From the first frame to the end of the last."""
        units = int(self.index.pts[-1] - self.index.pts[0] + self.index.durations[-1])
        return float(units * self.info.video.time_base)

    def start(self, given_utc: datetime | None) -> Start:
        """Return when it began; a person's word comes first."""
        return find_start(given_utc, self.video, self.path, self.duration_seconds)


def import_video(
    archive: Archive, request: ImportRequest, progress: Progress = no_progress
) -> ImportResult:
    """Import a video as a new event.

    Parameters
    ----------
    archive : Archive
        Open, for an operator or a reviewer.
    request : ImportRequest
        What to import.
    progress : callable, optional
        Told how many MiB were sealed, of how many.

    Returns
    -------
    ImportResult
        With the new event.

    Raises
    ------
    NotAllowed
        If the profile may not import.
    DecodeError
        If the source is no video, damaged without salvage, or still being written.
    SettingsError
        If the chosen stream is no video, or cannot be kept, or the view is none of its frame.
    ArchiveError
        If it cannot be sealed; nothing of it is left then.
    Cancelled, KeyboardInterrupt
        If it was stopped: nothing of it is left, unless the catalog has the event already.
    """
    _check_request(request)
    event_id = request.event_id or new_id()
    with (
        acting(archive, Action.IMPORT_EVENT, event_id) as session,
        lock_event(session.folders, event_id),
        _nothing_left(session, event_id),
    ):
        with hash_beside(request.source) as sha256:
            opened = _open(request)
            identity = FileIdentity(event_id, "original")
            new, index, is_remuxed = _seal(session, identity, opened, request, progress)
            called = request.source_name or request.source.name
            names = replace(request.names, source_name=called, source_sha256=sha256())
        signals = seal_signals(session, event_id, opened.signals) if opened.signals else None
        started = opened.start(request.started_utc)
        same = _find_same(session, opened, started, sha256())
        with _kept(session, new), session.catalog.transaction():
            _store_event(session, event_id, request, opened, started)
            put_names(session, event_id, names)
            row = store_file(session, new)
            session.catalog.contents.put_pts_index(row.file_id, index)
            if signals is not None:
                signals.store(session)
        event = ArchivedEvent(session, session.catalog.events.get(event_id))
    return ImportResult(
        event,
        len(index),
        started,
        is_remuxed,
        left_out=opened.info.dropped if is_remuxed else (),
        faults=(*new.faults, *(signals.new.faults if signals else ())),
        same_video=same,
        damaged_frames=len(opened.index.damaged_pts),
        is_cut_off=opened.index.cut_off,
    )


def _find_same(session: Session, opened: _Opened, started: Start, sha256: str) -> tuple[str, ...]:
    return find_same_video(
        session,
        started_utc=started.utc,
        duration_seconds=opened.duration_seconds,
        sha256=sha256,
    )


def _check_request(request: ImportRequest) -> None:
    check_code(request.procedure_code, "the procedure code")
    if request.site_code is not None:
        check_site_code(request.site_code)
    check_start(request.started_utc)


def _open(request: ImportRequest) -> _Opened:
    video = open_video(request.source, stream_index=request.video_stream, salvage=request.salvage)
    signals = read_signal_file(request.signals) if request.signals else None
    size_px = video.info.video.geometry.shown_size_px
    room = None if request.view is None else parse_view(request.view, *size_px)
    return _Opened(request.source, video, signals, room)


def _refuse_hidden_stream(info: MediaInfo) -> None:
    """Refuse a chosen stream of a file that is kept byte for byte: players show another."""
    shown, chosen = probe(info.file).video.stream_index, info.video.stream_index
    if chosen != shown:
        raise SettingsError(
            f"an MP4 file does not take stream {chosen} of {info.name} as it is, and of the file "
            f"itself players show stream {shown}; copy stream {chosen} into a separate file first"
        )


def _seal(
    session: Session,
    identity: FileIdentity,
    opened: _Opened,
    request: ImportRequest,
    progress: Progress,
) -> tuple[NewFile, FrameTimes, bool]:
    """Seal a video repackaged where MP4 can hold it, else byte for byte; say which."""
    if can_remux(opened.info) and not request.salvage:
        # an edit list of several edits shows frames in an order of its own
        with suppress(TimesUnfit):
            return (*_seal_remuxed(session, identity, opened, progress), True)
    _refuse_hidden_stream(opened.info)
    return (*_seal_as_it_is(session, identity, opened, progress), False)


def _seal_remuxed(
    session: Session,
    identity: FileIdentity,
    opened: _Opened,
    progress: Progress,
) -> tuple[NewFile, FrameTimes]:
    info, total = opened.info, max(opened.info.size_bytes >> 20, 1)

    def note(done: int) -> None:
        progress(done >> 20, total)

    def seal(known_bytes: int | None) -> tuple[NewFile, FrameTimes]:
        clock = opened.index.clock

        def write(sink: ByteSink) -> Fraction:
            return remux(info, sink, note, packet_bytes=known_bytes, clock=clock)

        is_muxed = known_bytes is None
        return _seal_written(session, identity, opened, write, is_muxed=is_muxed)

    listed_bytes = indexed_bytes(info)
    if listed_bytes is not None:
        # the index, which is made next, says what is wrong; or a second turn does it
        with suppress(DecodeError, EncodeError):
            return _seal_written(
                session,
                identity,
                opened,
                lambda sink: opened.video.remux_and_index(sink, listed_bytes, note),
            )
    packet_bytes = opened.index.packet_bytes
    # other containers have start codes or headers in their packets that MP4 files have not
    if not (info.is_mp4 or "matroska" in info.container):
        return seal(None)
    try:
        return seal(packet_bytes)
    except EncodeError:
        return seal(None)


def _seal_written(
    session: Session,
    identity: FileIdentity,
    opened: _Opened,
    write: Callable[[ByteSink], Fraction],
    *,
    is_muxed: bool = False,
) -> tuple[NewFile, FrameTimes]:
    """Seal what is written of the video, which the time base of the file is returned of."""
    readers = partial(session.readers, Action.VIEW_ORIGINAL)
    with sealing(session.folders.roots(), identity, readers, is_muxed=is_muxed) as sink:
        index = _moved_index(opened, write(sink.writer))
        opened.video.check_unchanged()
    return sink.file, index


def _moved_index(opened: _Opened, time_base: Fraction) -> FrameTimes:
    """Return when the frames are shown, in the time base of the archived file."""
    ratio = opened.info.video.time_base / time_base
    if ratio.denominator != 1:
        raise DataError("the times of the frames do not fit the archived file")
    return FrameTimes(time_base, opened.index.pts * np.int64(ratio.numerator))


def _seal_as_it_is(
    session: Session,
    identity: FileIdentity,
    opened: _Opened,
    progress: Progress,
) -> tuple[NewFile, FrameTimes]:
    total = max(opened.info.size_bytes >> 20, 1)

    def note(done: int) -> None:
        opened.video.check_unchanged()
        progress(done >> 20, total)

    readers = partial(session.readers, Action.VIEW_ORIGINAL)
    new = seal_path(session.folders.roots(), identity, readers, opened.path, note)
    return new, FrameTimes(opened.info.video.time_base, opened.index.pts)


@contextmanager
def _nothing_left(session: Session, event_id: str) -> Iterator[None]:
    """Destroy what was sealed of an event that was stopped or refused before the catalog had it."""
    try:
        yield
    except (Cancelled, KeyboardInterrupt, DecodeError, SettingsError):
        for name in find_leftovers(session, of_event=event_id):
            retire_file(session, name)
        raise


@contextmanager
def _kept(session: Session, new: NewFile) -> Iterator[None]:
    """Return what is left of an import whose catalog went away with its disk."""
    try:
        yield
    except CatalogError as error:
        if has_info(session.folders.primary):
            raise
        event_id, mirror = new.identity.event_id, session.folders.mirror
        whole = session.folders.roots_with(file_name(new.file_id))
        if not whole:
            raise
        raise ArchiveError(
            f"event {event_id}: {session.folders.primary} went away; the video is whole on "
            f"{whole[0]}, but its names and codes may not be in the catalog: look for the event "
            f"with 'workbench event list --archive {mirror}'; if it is not there, import it again, "
            f"or take in what is there with 'workbench event adopt {event_id} --archive {mirror}'"
        ) from error


def _store_event(
    session: Session, event_id: str, request: ImportRequest, opened: _Opened, started: Start
) -> None:
    by = session.identity.actor.user_id
    session.catalog.events.add_recorded(
        event_id,
        site_code=request.site_code or session.folders.info.site_code,
        procedure_code=request.procedure_code,
        started_utc=started.utc,
        duration_seconds=opened.duration_seconds,
        by=by,
    )
    if opened.room is not None:
        session.catalog.views.put_room(event_id, opened.room, by=by)
