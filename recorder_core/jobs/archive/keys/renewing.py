"""New recovery words: everything is sealed to the new key before the old one counts no more.

The steps can be cut off anywhere, and at every moment one set of words opens everything:

1. every key file gets the new key beside the old one,
2. the new words are shown,
3. one transaction seals the names to the new key alone and states, signed, that it is the
   recovery key now: until then the old words count, from then on the new ones,
4. ``archive.json`` follows on every root,
5. the old key is removed from every key file.

What a cut-off leaves, keys of words that count no more or not yet, is removed by the next
renewal or by a repair.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from functools import partial

from recorder_core.archive import (
    KeyFile,
    PrivateKey,
    PublicKey,
    change_key_file,
    new_recovery_words,
    verify_key_of,
)
from recorder_core.archive.keys.grants import add_recovery_key, keep_recovery_key
from recorder_core.catalog import Action, EventState
from recorder_core.errors import ArchiveError, SettingsError, WrongState
from recorder_core.jobs.archive.access.founding import proof_of
from recorder_core.jobs.archive.access.session import Session
from recorder_core.jobs.archive.access.stated_settings import settings_of
from recorder_core.jobs.archive.access.trust import RECOVERY_VERIFY_KEY
from recorder_core.jobs.archive.acting import acting
from recorder_core.jobs.archive.archive import Archive
from recorder_core.jobs.archive.files.storing import note_key_file
from recorder_core.jobs.archive.keys.recovery_check import recovery_faults
from recorder_core.jobs.archive.people.key_files import change_keys
from recorder_core.jobs.archive.place.event_lock import is_being_written
from recorder_core.jobs.archive.place.folders import Folders, write_info
from recorder_core.jobs.archive.place.roles import StoredFile
from recorder_core.jobs.archive.sealed_record import (
    add_readers,
    names_associated_data,
    remove_reader,
)
from recorder_core.jobs.progress import Progress, no_progress
from recorder_core.model.values.counts import format_count

__all__ = ["RenewalReport", "renew_recovery"]


@dataclass(frozen=True, slots=True)
class RenewalReport:
    """What the new recovery words open.

    Attributes
    ----------
    file_count : int
        Sealed files.
    record_count : int
        Sealed names and notes.
    """

    file_count: int
    record_count: int


def renew_recovery(
    archive: Archive, show: Callable[[str], None], progress: Progress = no_progress
) -> RenewalReport:
    """Replace the recovery words; the old ones open nothing in this archive from then on.

    A backup opens with the words of when it was made. One that was cut off is repeated, with
    the words that count: the new ones once `show` has returned and the archive takes them.

    Parameters
    ----------
    archive : Archive
        Open, for an administrator who gave the words that count now.
    show : callable
        Called once, with the new twelve words, before they count; an error of it ends all,
        and the old words stay.
    progress : callable, optional
        Told how many key files were written, of how many.

    Raises
    ------
    SettingsError
        If the words were not given, or the mirror is not there.
    WrongState
        If an event is being recorded, or another command renewed the words meanwhile.
    ArchiveError
        If the old words do not open everything, or a key file cannot be written.
    """
    with acting(archive, Action.MANAGE_SETTINGS, detail="renew_recovery") as session:
        _check(session)
        words, new = new_recovery_words()
        work = _Renewal(session, new.public_key, progress)
        try:
            work.add_to_files()
            show(words)
            with session.changing_info() as now:
                records = work.change_over(new, now)
                work.write_infos()
            files = work.remove_old()
        finally:
            new.wipe()
    return RenewalReport(files, records)


def _check(session: Session) -> None:
    if not session.identity.has_recovery_key:
        raise SettingsError("give the recovery words that count now, with --recovery")
    fault = session.mirror_fault()
    if fault is not None:
        raise SettingsError(f"{fault}; the old words would open what is on it for ever")
    for event_id in _live(session):
        if is_being_written(session.folders, event_id):
            raise WrongState(f"event {event_id} is being written; wait until that ends")
    faults = recovery_faults(session)
    if faults:
        raise ArchiveError(
            f"not everything opens with the recovery words; {format_count(len(faults), 'fault')}: "
            f"{faults[0]}; repair them with 'workbench mirror repair', or delete their event; "
            "nothing was changed"
        )


def _live(session: Session) -> list[str]:
    events = session.catalog.events.find()
    return [event.event_id for event in events if event.state is not EventState.DELETED]


def _files(session: Session) -> list[StoredFile]:
    return [
        session.stored(row)
        for event_id in _live(session)
        for row in session.catalog.contents.files(event_id)
    ]


class _Renewal:
    """One change of the recovery key."""

    def __init__(self, session: Session, new: PublicKey, progress: Progress) -> None:
        self._session, self._new, self._progress = session, new, progress
        self._old: PrivateKey = session.identity.keys[-1]

    def add_to_files(self) -> None:
        """Seal every file to the new key too, and to no other but the old one."""
        for file in self._each_file():
            change_keys(self._session, file, self._with_new)

    def change_over(self, new: PrivateKey, folders: Folders) -> int:
        """Seal every name to the new key alone and make it the recovery key, in one step."""
        session, count = self._session, 0
        if folders.info.recovery != self._old.public_key:
            raise WrongState(
                "the recovery words were renewed by another command meanwhile: those count, and "
                "not the words that were shown here"
            )
        info = replace(folders.info, recovery_public_key=self._new.to_text())
        with session.catalog.transaction():
            for event_id in _live(session):
                for name in session.catalog.events.sealed_names(event_id):
                    self._seal_record(event_id, name)
                    count += 1
            known = {RECOVERY_VERIFY_KEY: verify_key_of(new).hex()}
            known |= proof_of(session.identity.trust.row_hash, new)
            session.catalog.settings.put(settings_of(info) | known)
        session.moved_to(replace(folders, info=info))
        return count

    def write_infos(self) -> None:
        """Write into ``archive.json`` of every root which recovery key counts."""
        folders = self._session.folders
        for root in folders.roots():
            write_info(root, folders.info)

    def remove_old(self) -> int:
        """Remove the old key from every file, what came meanwhile included."""
        count = 0
        for file in self._each_file():
            self._change(file, partial(self._without_old, file))
            count += 1
        return count

    def _seal_record(self, event_id: str, name: str) -> None:
        events, place = self._session.catalog.events, names_associated_data(event_id, name)
        sealed = add_readers(events.get_sealed(event_id, name), [self._old], [self._new], place)
        events.put_sealed(event_id, name, remove_reader(sealed, self._old.public_key))

    def _each_file(self) -> Iterator[StoredFile]:
        files = _files(self._session)
        for done, file in enumerate(files, start=1):
            yield file
            self._progress(done, len(files))

    def _change(self, file: StoredFile, change: Callable[[KeyFile], KeyFile]) -> KeyFile:
        roots = self._session.folders.roots_with(file.name)
        return change_key_file(roots, file.name, file.identity, change)

    def _with_new(self, key_file: KeyFile) -> KeyFile:
        kept = keep_recovery_key(key_file, self._old.public_key)
        return add_recovery_key(kept, self._old, self._new)

    def _without_old(self, file: StoredFile, key_file: KeyFile) -> KeyFile:
        changed = keep_recovery_key(add_recovery_key(key_file, self._old, self._new), self._new)
        # noted first: a repair removes from a key file what is not noted
        note_key_file(self._session, file.row.file_id, changed)
        return changed
