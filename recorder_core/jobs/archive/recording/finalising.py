"""Make a whole event of a recording that a crash cut off, and finished videos seekable.

All its files are saved together: what is authentic of each goes into a new file, encrypted on its
way, under a new key and to the same readers; the class of each kind says how, see
:mod:`recorder_core.jobs.archive.recording.kinds`. The new files are read back before the catalog
names them; then the keys of the cut ones are destroyed. A file of which a part is damaged on every
root is left as it was, and does not keep the others from being saved.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import ExitStack, suppress
from dataclasses import dataclass

from recorder_core.archive import CopyFault, SealedReader
from recorder_core.catalog import Action, EventFile, EventState
from recorder_core.errors import (
    ArchiveError,
    DecodeError,
    EncodeError,
    HeaderDamaged,
    NoKeyMatches,
    PayloadDamaged,
    RecorderError,
    WrongState,
)
from recorder_core.jobs.archive.access.session import Session
from recorder_core.jobs.archive.acting import acting_on
from recorder_core.jobs.archive.archive import Archive
from recorder_core.jobs.archive.event.event import ArchivedEvent
from recorder_core.jobs.archive.events.adopting import FoundFile, enter_file, files_on_roots
from recorder_core.jobs.archive.files.leftovers import (
    retire_file,
    set_file_aside,
    set_leftovers_aside,
)
from recorder_core.jobs.archive.files.storing import forget_file, store_file
from recorder_core.jobs.archive.place.event_lock import lock_event
from recorder_core.jobs.archive.place.roles import ROLES, StoredFile, file_name, role_of
from recorder_core.jobs.archive.recording.kinds import kind_of
from recorder_core.jobs.archive.recording.saving import OnBytes, Saved, SavedFile, check_saved
from recorder_core.jobs.progress import Progress, no_progress
from recorder_core.media import is_fragmented

__all__ = ["FinaliseResult", "finalise_event"]


@dataclass(frozen=True, slots=True)
class FinaliseResult:
    """What was saved of a cut-off recording.

    Attributes
    ----------
    event : ArchivedEvent
        Recorded now; still recording where the video itself is damaged.
    seconds : float
        Length of the video's frames that were saved, 0 if there is none.
    frame_count : int
        How many frames of the video.
    is_playable : bool
        False: the video was not saved, or nothing in it can be shown; it was kept as it was.
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


@dataclass(slots=True)
class _Cut:
    """A file to save.

    Attributes
    ----------
    old : StoredFile
        As the catalog has it.
    source : SealedReader or None
        The same, open, unless it is too damaged for that.
    damage : RecorderError or None
        What keeps it from being saved.
    saved : Saved or None
        What was saved of it.
    """

    old: StoredFile
    source: SealedReader | None = None
    damage: RecorderError | None = None
    saved: Saved | None = None

    @property
    def summary(self) -> SavedFile:
        """What to tell a person."""
        if self.saved is not None:
            return self.saved.summary
        role, damage = self.old.row.role, str(self.damage)
        return SavedFile(role, False, 0, 0.0, is_readable=False, damage=damage)

    @property
    def is_unused(self) -> bool:
        """Whether it is a journal, which every recording has, and nothing was noted in it."""
        is_journal, summary = self.old.row.role == "journal", self.summary
        return is_journal and summary.is_readable and not (summary.count or summary.lost_bytes)


def finalise_event(
    archive: Archive, event: str, progress: Progress = no_progress
) -> FinaliseResult:
    """Make a whole event of a cut-off recording, with everything that was recorded of it.

    A file that is damaged on every root is left as it was and named; finalising is repeated when
    a root is whole again. Until its video is saved, an event is being recorded.

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
        If the event is being recorded at this moment, or is whole and seekable.
    PayloadDamaged, HeaderDamaged
        If a part of each file is damaged on every root; the recording stays as it was.
    DecodeError, EncodeError
        If a finished video cannot be made seekable as it is; it stays as it was.
    """
    with (
        acting_on(archive, event, Action.FINALISE_EVENT) as (session, found),
        lock_event(session.folders, found.event_id, wait=False),
    ):
        event_id = found.event_id
        fragmented = _fragmented(session, event_id)
        _refuse_whole(session, event_id, fragmented)
        _take_streams_in(session, event_id)
        with ExitStack() as stack:
            old_files = _cut_files(session, event_id, fragmented)
            cut = [_open(session, stack, old) for old in old_files]
            for each in cut:
                _take_in(session, kind_of(each.old).unknown_files(session, each.old, each.source))
            set_leftovers_aside(session, of_event=event_id)
            saved = _save_all(session, cut, progress)
        summaries = tuple(each.summary for each in cut if not each.is_unused)
        _enter(session, event_id, saved, summaries)
        for done in saved:
            _retire(session, done)
        event_now = ArchivedEvent(session, session.catalog.events.get(event_id))
    return _result(event_now, saved, summaries)


def _fragmented(session: Session, event_id: str) -> set[str]:
    """Return the finished videos of a recorded event that are still as their recorder wrote them.

    Those that this person cannot open are none of them.
    """
    found: set[str] = set()
    if session.catalog.events.get(event_id).state is not EventState.RECORDED:
        return found
    for row in session.catalog.contents.files(event_id):
        if role_of(row.role).recorded_as == "video" and row.is_complete:
            with suppress(ArchiveError), session.open_sealed(session.stored(row)) as reader:
                found |= {row.file_id} if is_fragmented(reader) else set()
    return found


def _refuse_whole(session: Session, event_id: str, fragmented: set[str]) -> None:
    event = session.catalog.events.get(event_id)
    has_cut = event.state is not EventState.DELETED and any(
        not row.is_complete for row in session.catalog.contents.files(event_id)
    )
    if fragmented:
        return
    if event.state is not EventState.RECORDING and not has_cut:
        raise WrongState(f"event {event_id} is {event.state}: its recording needs no finalising")


def _cut_files(session: Session, event_id: str, fragmented: set[str]) -> list[StoredFile]:
    """Return the files to save: the newest of each kind that is recorded, the video first.

    Videos that have their end are among them, to be made seekable: that of an event without its
    end, and those that are named.
    """
    newest: dict[str, EventFile] = {}
    for row in session.catalog.contents.files(event_id):
        if role_of(row.role).recorded_as is not None:
            newest[row.role] = row
    state = session.catalog.events.get(event_id).state
    seekable = "original" if state is EventState.RECORDING else None
    rows = [newest[role] for role in ROLES if role in newest]
    cut = [
        row
        for row in rows
        if row.role == seekable or row.file_id in fragmented or not row.is_complete
    ]
    if not cut:
        raise WrongState(f"event {event_id} has no recording that can be finalised: delete it")
    return [session.stored(row) for row in cut]


def _open(session: Session, stack: ExitStack, old: StoredFile) -> _Cut:
    try:
        return _Cut(old, stack.enter_context(session.open_sealed(old, incomplete=True)))
    except (PayloadDamaged, HeaderDamaged) as error:
        return _Cut(old, damage=error)
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
    _take_in(session, unknown)


def _take_in(session: Session, files: Sequence[FoundFile]) -> None:
    with session.catalog.transaction():
        for file in files:
            enter_file(session, file)


def _save_all(session: Session, cut: list[_Cut], progress: Progress) -> list[Saved]:
    """Save every file that is not damaged; raise what is wrong where all are."""
    total = sum(each.source.size_bytes for each in cut if each.source is not None)
    done = 0
    try:
        for each in cut:
            if each.source is not None:
                _save(session, each, each.source, _from(progress, done, total))
                done += each.source.size_bytes
    except BaseException:
        for each in cut:  # the recording stays as it was, with nothing beside it
            if each.saved is not None and each.saved.new is not None:
                retire_file(session, file_name(each.saved.new.file_id))
        raise
    damage = [each.damage for each in cut if each.damage is not None]
    if damage and all(each.damage is not None or each.is_unused for each in cut):
        raise damage[0]
    return [each.saved for each in cut if each.saved is not None]


def _save(session: Session, cut: _Cut, source: SealedReader, on_bytes: OnBytes) -> None:
    try:
        cut.saved = kind_of(cut.old).save(session, cut.old, source, on_bytes)
    except (PayloadDamaged, DecodeError, EncodeError) as error:
        cut.damage = error
    else:
        check_saved(session, cut.saved)


def _from(progress: Progress, before: int, total: int) -> Callable[[int], None]:
    """Return what tells how many MiB are done, where so many bytes were done before."""
    return lambda now: progress((before + now) >> 20, max(total >> 20, 1))


def _enter(
    session: Session, event_id: str, saved: list[Saved], summaries: tuple[SavedFile, ...]
) -> None:
    """Replace the cut files by the new ones."""
    catalog = session.catalog
    is_recorded = catalog.events.get(event_id).state is not EventState.RECORDING
    with catalog.transaction():
        for each in saved:
            if each.new is None:
                forget_file(session, each.old.row.file_id, each.old.identity)
            else:
                catalog.contents.remove_file(each.old.row.file_id)
                each.enter(session, store_file(session, each.new))
        if is_recorded or any(file.damage and file.role == "original" for file in summaries):
            return
        seconds = [file.seconds for file in summaries]
        catalog.events.finish(
            event_id,
            duration_seconds=_video_seconds(saved) or max(seconds, default=0.0),
            by=session.identity.actor.user_id,
            is_complete=all(file.was_whole and file.is_readable for file in summaries),
        )


def _retire(session: Session, saved: Saved) -> None:
    """Destroy the cut file; what nothing could take the place of is set aside."""
    if saved.new is None and not saved.summary.is_readable:
        set_file_aside(session, saved.old.name)
    else:
        retire_file(session, saved.old.name)


def _video_seconds(saved: list[Saved]) -> float:
    return sum(each.summary.seconds for each in saved if each.summary.role == "original")


def _result(
    event: ArchivedEvent, saved: list[Saved], summaries: tuple[SavedFile, ...]
) -> FinaliseResult:
    frames = [file for file in summaries if file.role == "original" and file.is_readable]
    faults = [fault for each in saved if each.new is not None for fault in each.new.faults]
    return FinaliseResult(
        event,
        _video_seconds(saved),
        sum(file.count for file in frames),
        bool(frames),
        tuple(dict.fromkeys(faults)),
        summaries,
    )
