"""Make a whole event of a recording that a crash cut off.

What is authentic goes into a seekable MP4 file as it is, encrypted on its way, under a new key
and to the same readers; what holds no frame is kept byte for byte. The new file is read back
before the catalog names it; then the keys of the cut one are destroyed.
"""

from __future__ import annotations

import io
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from recorder_core.archive import (
    CopyFault,
    SealedReader,
    SealedWriter,
)
from recorder_core.catalog import Action, EventFile, EventState
from recorder_core.errors import (
    ArchiveError,
    DecodeError,
    EncodeError,
    NoKeyMatches,
    WrongState,
)
from recorder_core.jobs.archive.access.session import Session
from recorder_core.jobs.archive.acting import acting_on
from recorder_core.jobs.archive.archive import Archive
from recorder_core.jobs.archive.event.event import ArchivedEvent
from recorder_core.jobs.archive.files.leftovers import retire_file, set_leftovers_aside
from recorder_core.jobs.archive.files.sealing import NewFile, seal_again
from recorder_core.jobs.archive.files.storing import store_file
from recorder_core.jobs.archive.place.event_lock import lock_event
from recorder_core.jobs.archive.place.roles import StoredFile, file_name
from recorder_core.jobs.progress import Progress, no_progress
from recorder_core.media import read_frame_times, remux_cut_recording
from recorder_core.model import FrameTimes

__all__ = ["FinaliseResult", "finalise_event"]

_CHUNK_BYTES = 1 << 20


@dataclass(frozen=True, slots=True)
class FinaliseResult:
    """What was saved of a cut-off recording.

    Attributes
    ----------
    event : ArchivedEvent
        Recorded now.
    seconds : float
        Length of the frames that were saved, 0 if there is none.
    frame_count : int
        How many.
    is_playable : bool
        False: nothing in it can be shown; it was kept byte for byte.
    faults : tuple of CopyFault
        Copies on a root that stopped.
    """

    event: ArchivedEvent
    seconds: float
    frame_count: int
    is_playable: bool
    faults: tuple[CopyFault, ...] = ()


@dataclass(frozen=True, slots=True)
class _Saved:
    """The new sealed file, and the times of its frames where there are any."""

    new: NewFile
    times: FrameTimes | None


def finalise_event(
    archive: Archive, event: str, progress: Progress = no_progress
) -> FinaliseResult:
    """Make a whole event of a cut-off recording.

    Parameters
    ----------
    archive : Archive
        Open, for a reviewer who can open the recording, or for an administrator with the
        recovery words.
    event : str
        An event whose recording was cut off.
    progress : callable, optional
        Told how many MiB were sealed, of how many.

    Raises
    ------
    NotAllowed
        If the profile may not.
    NoKeyMatches
        If this person cannot open the recording.
    WrongState
        If the event is being recorded at this moment, or is whole.
    PayloadDamaged
        If a part of it is damaged on every root; nothing was changed.
    """
    with (
        acting_on(archive, event, Action.FINALISE_EVENT) as (session, found),
        lock_event(session.folders, found.event_id, wait=False),
    ):
        event_id = found.event_id
        old = session.stored(_cut_row(session, event_id))
        set_leftovers_aside(session, of_event=event_id)
        with _open(session, old) as source:
            was_closed = source.complete
            saved = _save(session, old, source, progress)
            _check(session, saved)
        _enter(session, old, saved, was_closed=was_closed)
        retire_file(session, old.name)
        event_now = ArchivedEvent(session, session.catalog.events.get(event_id))
    times = saved.times
    seconds, count = (times.seconds, len(times.pts)) if times else (0.0, 0)
    return FinaliseResult(event_now, seconds, count, times is not None, saved.new.faults)


def _cut_row(session: Session, event_id: str) -> EventFile:
    event = session.catalog.events.get(event_id)
    rows = session.catalog.contents.files(event_id, "original")
    if event.state is not EventState.RECORDING or not rows:
        raise WrongState(f"event {event_id} is {event.state}: its recording needs no finalising")
    return rows[-1]


def _open(session: Session, old: StoredFile) -> SealedReader:
    try:
        return session.open_sealed(old, incomplete=True)
    except NoKeyMatches as error:
        raise NoKeyMatches(
            f"the recording of event {old.row.event_id} is sealed to others: a reviewer who can "
            "open it finalises it, or an administrator with the recovery words (--recovery)"
        ) from error


def _save(session: Session, old: StoredFile, source: SealedReader, progress: Progress) -> _Saved:
    total = max(source.size_bytes >> 20, 1)

    def on_bytes(done: int) -> None:
        progress(done >> 20, total)

    try:
        return _save_frames(session, old, source, on_bytes)
    except (DecodeError, EncodeError):
        # sealed as it is: somebody may still find something in it
        return _save_bytes(session, source, on_bytes)


def _save_frames(
    session: Session, old: StoredFile, source: SealedReader, on_bytes: Callable[[int], None]
) -> _Saved:
    def remux(cut: SealedReader, writer: SealedWriter) -> FrameTimes:
        file = io.BufferedReader(cut, buffer_size=_CHUNK_BYTES)
        try:
            return remux_cut_recording(file, writer, f"event {old.row.event_id}", on_bytes)
        finally:
            file.detach()

    return _Saved(*seal_again(session.folders.roots(), source, remux, is_muxed=True))


def _save_bytes(session: Session, source: SealedReader, on_bytes: Callable[[int], None]) -> _Saved:
    def copy(cut: SealedReader, writer: SealedWriter) -> None:
        for chunk in cut.chunks():
            writer.write(chunk)
            on_bytes(cut.tell())

    return _Saved(*seal_again(session.folders.roots(), source, copy))


def _check(session: Session, saved: _Saved) -> None:
    """Read the new file as a player would, before anything is destroyed."""
    new, times = saved.new, saved.times
    base = new.root / file_name(new.file_id)
    with SealedReader(base, session.key_for(new.key_file), new.identity) as reader:
        if times is None:
            for _ in reader.chunks():
                pass
            return
        found = read_frame_times(io.BufferedReader(reader), f"event {new.identity.event_id}")
    if found.time_base != times.time_base or not np.array_equal(found.pts, times.pts):
        raise ArchiveError(
            f"event {new.identity.event_id}: the finalised file does not hold what was recorded; "
            "the recording is kept as it was: repeat it, or look for a faulty disk"
        )


def _enter(session: Session, old: StoredFile, saved: _Saved, *, was_closed: bool) -> None:
    """Replace the cut file by the new one."""
    catalog, event_id = session.catalog, old.row.event_id
    times = saved.times
    with catalog.transaction():
        catalog.contents.remove_file(old.row.file_id)
        row = store_file(session, saved.new)
        if times is not None:
            catalog.contents.put_pts_index(row.file_id, times)
        catalog.events.finish(
            event_id,
            duration_seconds=times.seconds if times else 0.0,
            by=session.identity.actor.user_id,
            is_complete=was_closed and times is not None,
            ended_now=False,
        )
