"""Try whether the recovery words open every file and every name of the archive."""

from __future__ import annotations

from dataclasses import dataclass

from recorder_core.archive import read_any_key_file
from recorder_core.archive.keys.grants import keep_recovery_key, open_file_key
from recorder_core.catalog import Action, EventState
from recorder_core.errors import ArchiveError, SettingsError
from recorder_core.jobs.archive.access.session import Session
from recorder_core.jobs.archive.acting import acting
from recorder_core.jobs.archive.archive import Archive
from recorder_core.jobs.archive.place.roles import StoredFile
from recorder_core.jobs.archive.sealed_record import names_associated_data, open_record

__all__ = ["RecoveryReport", "check_recovery", "recovery_faults"]


@dataclass(frozen=True, slots=True)
class RecoveryReport:
    """What the recovery words open.

    Attributes
    ----------
    opened_count : int
        Files and sealed records that they open.
    faults : tuple of str
        What they do not open, and why.
    """

    opened_count: int
    faults: tuple[str, ...]


def check_recovery(archive: Archive) -> RecoveryReport:
    """Open the key of every file, and every sealed record, with the recovery key alone.

    Nothing is shown and nothing is changed.

    Parameters
    ----------
    archive : Archive
        Open, for an administrator who gave the recovery words.

    Raises
    ------
    SettingsError
        If the words were not given.
    """
    with acting(archive, Action.MANAGE_SETTINGS, detail="recovery_check") as session:
        if not session.identity.has_recovery_key:
            raise SettingsError("give the recovery words that are to be tried, with --recovery")
        tried = _try_all(session)
        faults = [fault for fault in tried if fault is not None]
        former = [fault for file in _files(session) if (fault := _former_fault(session, file))]
    return RecoveryReport(len(tried) - len(faults), (*faults, *former))


def recovery_faults(session: Session) -> list[str]:
    """Return what the recovery words do not open, and why; the caller has asked."""
    return [fault for fault in _try_all(session) if fault is not None]


def _try_all(session: Session) -> list[str | None]:
    return [fault for event_id in _live(session) for fault in _try(session, event_id)]


def _files(session: Session) -> list[StoredFile]:
    return [
        session.stored(row)
        for event_id in _live(session)
        for row in session.catalog.contents.files(event_id)
    ]


def _former_fault(session: Session, file: StoredFile) -> str | None:
    """Return a fault where words that do not count open a file: a renewal was cut off."""
    try:
        key_file = read_any_key_file(session.folders.roots(), file.name, file.identity)
    except ArchiveError:
        return None  # named already
    if keep_recovery_key(key_file, session.identity.keys[-1].public_key) == key_file:
        return None
    return (
        f"{file.row.file_id} opens with other recovery words too: a renewal was cut off; "
        "'workbench mirror repair' or another renewal takes them away"
    )


def _live(session: Session) -> list[str]:
    events = session.catalog.events.find()
    return [event.event_id for event in events if event.state is not EventState.DELETED]


def _try(session: Session, event_id: str) -> list[str | None]:
    """Return what is wrong with each file and record of an event; None where nothing is."""
    files = [session.stored(row) for row in session.catalog.contents.files(event_id)]
    names = session.catalog.events.sealed_names(event_id)
    return [
        *(_file_fault(session, file) for file in files),
        *(_record_fault(session, event_id, name) for name in names),
    ]


def _file_fault(session: Session, file: StoredFile) -> str | None:
    key = session.identity.keys[-1]
    try:
        roots = session.folders.roots()
        open_file_key(read_any_key_file(roots, file.name, file.identity), key).wipe()
    except ArchiveError as error:
        return str(error)
    return None


def _record_fault(session: Session, event_id: str, name: str) -> str | None:
    sealed = session.catalog.events.get_sealed(event_id, name)
    try:
        open_record(sealed, session.identity.keys[-1:], names_associated_data(event_id, name))
    except ArchiveError as error:
        return str(error)
    return None
