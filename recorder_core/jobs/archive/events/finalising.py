"""Make a whole event of a recording that a crash cut off.

All its files are saved together: what is authentic of each goes into a new file, encrypted on its
way, under a new key and to the same readers; see :mod:`recorder_core.jobs.archive.events.saving`.
The new files are read back before the catalog names them; then the keys of the cut ones are
destroyed.
"""

from __future__ import annotations

from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import dataclass

from recorder_core.archive import CopyFault, SealedReader
from recorder_core.catalog import Action, EventFile, EventState, Screenshot
from recorder_core.errors import DataError, NoKeyMatches, WrongState
from recorder_core.jobs.archive.access.session import Session
from recorder_core.jobs.archive.acting import acting_on
from recorder_core.jobs.archive.archive import Archive
from recorder_core.jobs.archive.event.event import ArchivedEvent
from recorder_core.jobs.archive.events.adopting import enter_file, files_on_roots
from recorder_core.jobs.archive.events.journal import enter_journal, read_journal
from recorder_core.jobs.archive.events.saving import Saved, SavedFile, save_file
from recorder_core.jobs.archive.files.leftovers import (
    retire_file,
    set_file_aside,
    set_leftovers_aside,
)
from recorder_core.jobs.archive.files.storing import store_file
from recorder_core.jobs.archive.place.event_lock import lock_event
from recorder_core.jobs.archive.place.roles import (
    ROLES,
    StoredFile,
    file_name,
    make_file_id,
    role_of,
)
from recorder_core.jobs.progress import Progress, no_progress

__all__ = ["FinaliseResult", "finalise_event"]


@dataclass(frozen=True, slots=True)
class FinaliseResult:
    """What was saved of a cut-off recording.

    Attributes
    ----------
    event : ArchivedEvent
        Recorded now.
    seconds : float
        Length of the video's frames that were saved, 0 if there is none.
    frame_count : int
        How many frames of the video.
    is_playable : bool
        False: nothing in the video can be shown; it was kept byte for byte.
    faults : tuple of CopyFault
        Copies on a root that stopped.
    files : tuple of SavedFile
        What was saved of each file, and what each has lost; the video first.
    """

    event: ArchivedEvent
    seconds: float
    frame_count: int
    is_playable: bool
    faults: tuple[CopyFault, ...] = ()
    files: tuple[SavedFile, ...] = ()


def finalise_event(
    archive: Archive, event: str, progress: Progress = no_progress
) -> FinaliseResult:
    """Make a whole event of a cut-off recording, with everything that was recorded of it.

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
        If this person cannot open a file of the recording; nothing was changed.
    WrongState
        If the event is being recorded at this moment, or is whole.
    PayloadDamaged
        If a part of it is damaged on every root; the recording stays as it was.
    """
    with (
        acting_on(archive, event, Action.FINALISE_EVENT) as (session, found),
        lock_event(session.folders, found.event_id, wait=False),
    ):
        event_id = found.event_id
        _refuse_whole(session, event_id)
        _take_streams_in(session, event_id)
        with ExitStack() as stack:
            cut = [
                (old, stack.enter_context(_open(session, old)))
                for old in _cut_files(session, event_id)
            ]
            for old, source in cut:
                _take_pictures_in(session, old, source)
            set_leftovers_aside(session, of_event=event_id)
            saved = _save_all(session, cut, progress)
        _enter(session, event_id, saved)
        for each in saved:
            _retire(session, each)
        event_now = ArchivedEvent(session, session.catalog.events.get(event_id))
    return _result(event_now, saved)


def _refuse_whole(session: Session, event_id: str) -> None:
    event = session.catalog.events.get(event_id)
    if event.state is not EventState.RECORDING:
        raise WrongState(f"event {event_id} is {event.state}: its recording needs no finalising")


def _cut_files(session: Session, event_id: str) -> list[StoredFile]:
    """Return the files to save: the newest of each kind that is recorded, the video first.

    The video is one of them although it has its end: it is made seekable.
    """
    newest: dict[str, EventFile] = {}
    for row in session.catalog.contents.files(event_id):
        if role_of(row.role).recorded_as is not None:
            newest[row.role] = row
    rows = [newest[role] for role in ROLES if role in newest]
    if not rows:
        raise WrongState(f"event {event_id} has no file that was recorded: delete it")
    cut = [row for row in rows if row.role == "original" or not row.is_complete]
    return [session.stored(row) for row in cut]


def _open(session: Session, old: StoredFile) -> SealedReader:
    try:
        return session.open_sealed(old, incomplete=True)
    except NoKeyMatches as error:
        role = "recording" if old.row.role == "original" else role_of(old.row.role).words
        raise NoKeyMatches(
            f"the {role} of event {old.row.event_id} is sealed to others: a reviewer who can "
            "open it finalises it, or an administrator with the recovery words (--recovery)"
        ) from error


def _take_streams_in(session: Session, event_id: str) -> None:
    """Enter files that were recorded and whose row went with the disk of the catalog."""
    known = {row.role for row in session.catalog.contents.files(event_id)}
    unknown = [
        file
        for file in files_on_roots(session, event_id)
        if (role := file.key_file.identity.role) not in known and ROLES[role].recorded_as
    ]
    with session.catalog.transaction():
        for file in unknown:
            enter_file(session, file)


def _take_pictures_in(session: Session, old: StoredFile, source: SealedReader) -> None:
    """Enter screenshots of the journal of which the catalog was not told."""
    if role_of(old.row.role).recorded_as != "journal":
        return
    event_id, contents = old.row.event_id, session.catalog.contents
    try:
        entries = read_journal(b"".join(source.chunks())).entries
    except DataError:
        return
    named = {row.file_id for row in (entry.row for entry in entries) if isinstance(row, Screenshot)}
    known = {row.file_id for row in contents.files(event_id, "screenshot")}
    found = {
        make_file_id(file.key_file.identity): file for file in files_on_roots(session, event_id)
    }
    with session.catalog.transaction():
        for file_id in sorted((named - known) & found.keys()):
            enter_file(session, found[file_id])


def _save_all(
    session: Session, cut: list[tuple[StoredFile, SealedReader]], progress: Progress
) -> list[Saved]:
    total = sum(source.size_bytes for _, source in cut)
    saved: list[Saved] = []
    done = 0
    try:
        for old, source in cut:
            saved.append(save_file(session, old, source, _from(progress, done, total)))
            done += source.size_bytes
    except BaseException:
        for each in saved:  # the recording stays as it was, with nothing beside it
            if each.new is not None:
                retire_file(session, file_name(each.new.file_id))
        raise
    return saved


def _from(progress: Progress, before: int, total: int) -> Callable[[int], None]:
    """Return what tells how many MiB are done, where so many bytes were done before."""
    return lambda now: progress((before + now) >> 20, max(total >> 20, 1))


def _enter(session: Session, event_id: str, saved: list[Saved]) -> None:
    """Replace the cut files by the new ones."""
    catalog = session.catalog
    with catalog.transaction():
        for each in saved:
            catalog.contents.remove_file(each.old.row.file_id)
            _store(session, each)
            enter_journal(session, event_id, each.entries)
        catalog.events.finish(
            event_id,
            duration_seconds=_video_seconds(saved) or max(each.said.seconds for each in saved),
            by=session.identity.actor.user_id,
            is_complete=all(each.said.was_whole and each.said.is_readable for each in saved),
            ended_now=False,
        )


def _store(session: Session, saved: Saved) -> None:
    if saved.signals is not None:
        saved.signals.store(session)
    elif saved.new is not None:
        row = store_file(session, saved.new)
        if saved.times is not None:
            session.catalog.contents.put_pts_index(row.file_id, saved.times)


def _retire(session: Session, saved: Saved) -> None:
    """Destroy the cut file; what nothing could take the place of is set aside."""
    if saved.new is None and not saved.said.is_readable:
        set_file_aside(session, saved.old.name)
    else:
        retire_file(session, saved.old.name)


def _video_seconds(saved: list[Saved]) -> float:
    return sum(each.said.seconds for each in saved if each.said.role == "original")


def _result(event: ArchivedEvent, saved: list[Saved]) -> FinaliseResult:
    said = tuple(each.said for each in saved)
    frames = [file for file in said if file.role == "original" and file.is_readable]
    faults = [fault for each in saved if each.new is not None for fault in each.new.faults]
    return FinaliseResult(
        event,
        _video_seconds(saved),
        sum(file.count for file in frames),
        bool(frames),
        tuple(dict.fromkeys(faults)),
        said,
    )
