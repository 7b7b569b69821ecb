"""Delete an event for good: its sealed keys are destroyed on every root."""

from __future__ import annotations

from contextlib import ExitStack, suppress
from dataclasses import dataclass
from pathlib import Path

from recorder_core.archive import SealedPaths, check_destroyable, destroy_keys
from recorder_core.catalog import (
    DELETION_REASONS,
    Action,
    DeletionReason,
    Event,
    EventState,
    previous_copy,
)
from recorder_core.errors import ArchiveError, CatalogError, WrongState
from recorder_core.jobs.archive.access.session import Session
from recorder_core.jobs.archive.acting import find_on
from recorder_core.jobs.archive.archive import Archive
from recorder_core.jobs.archive.files.leftovers import find_leftovers, remove_streams, retire_file
from recorder_core.jobs.archive.files.links import find_links
from recorder_core.jobs.archive.place.event_lock import is_being_written, lock_event
from recorder_core.jobs.archive.place.folders import CATALOG_NAME
from recorder_core.jobs.archive.place.roles import own_file_name
from recorder_core.jobs.archive.place.set_aside import set_aside_bases

__all__ = ["DELETION_NOTICE", "DeletionResult", "delete_event", "unfinished_deletions"]

#: what every interface shows before an event is deleted
DELETION_NOTICE = (
    "Deleting destroys the keys and the names of this event on the archive and its mirror; nobody "
    "can open it again. It does not reach what was exported, nor backups, nor catalogs that were "
    "set aside and hold its names, sealed: destroy those too. Flash disks may keep old blocks for "
    "a while."
)


@dataclass(frozen=True, slots=True)
class DeletionResult:
    """What was destroyed.

    Attributes
    ----------
    file_count : int
        Sealed files whose keys are gone.
    root_count : int
        Folders on which they were destroyed.
    links : tuple of str
        Links that lay in the place of its files: they were removed, what they lead to was not.
    journal_is_empty : bool
        False while another process reads the catalog: its log may still hold the sealed
        names, and is cut when the last process closes it.
    """

    file_count: int
    root_count: int
    links: tuple[str, ...]
    journal_is_empty: bool


def delete_event(archive: Archive, event: str, reason: DeletionReason) -> DeletionResult:
    """Destroy an event; the audit log says who and why.

    The keys go first: an interruption leaves an event that cannot be opened and is deleted
    by asking again, never one that is called deleted and can be opened.

    Parameters
    ----------
    archive : Archive
        Open, for an administrator.
    event : str
        An event that is not being recorded at this moment.
    reason : str
        One of `DELETION_REASONS`.

    Raises
    ------
    NotAllowed
        If the profile may not.
    WrongState
        If it is already deleted or being recorded, or if the site keeps it longer.
    ArchiveError
        If the mirror is not there or cannot be written: its keys would survive. Nothing was
        destroyed then.
    """
    session, found = find_on(archive, event, Action.DELETE_EVENT)
    event_id, catalog, folders = found.event_id, session.catalog, session.folders
    if reason not in DELETION_REASONS:
        raise CatalogError(f"a deletion needs one of the reasons {', '.join(DELETION_REASONS)}")
    with ExitStack() as stack:
        with session.audited(Action.DELETE_EVENT, event_id, detail=f"keys reason:{reason}"):
            row = catalog.events.get(event_id)
            stack.enter_context(lock_event(folders, event_id, wait=False))
            if row.state is EventState.DELETED:
                return _finish(session, event_id)
            _check(session, row, reason)
            if row.state is EventState.RECORDING:
                _end_recording(session, event_id)
            roots = folders.roots()
            names = _sealed_files(session, event_id)
            links = tuple(str(link) for link in find_links(session, of_event=event_id))
            check_destroyable(roots, names)
            for name in names:
                destroy_keys(roots, name)
            # a disk that went away meanwhile has nothing to destroy, and keeps everything
            _check_mirror(session, "the deletion is not finished, repeat it")
            _destroy_set_aside(roots, event_id)
        journal_is_empty = catalog.delete_event(session.identity.actor, event_id, reason)
        session.replicator.copy()
        _forget_earlier(session)
        for name in names:
            retire_file(session, name)
    return DeletionResult(len(names), len(roots), links, journal_is_empty)


def _destroy_set_aside(roots: list[Path], event_id: str) -> None:
    """Destroy the keys of what was set aside of an event on any root."""
    for root in roots:
        for base in set_aside_bases(root, event_id):
            name = str(base.relative_to(root))
            destroy_keys([root], name)
            remove_streams(root, name)


def _forget_earlier(session: Session) -> None:
    """Remove the copies of the catalog before the present ones: they hold the sealed names."""
    for root in session.folders.roots():
        with suppress(OSError):  # that disk cannot be written: the archive tells of it
            previous_copy(root / CATALOG_NAME).unlink(missing_ok=True)


def unfinished_deletions(session: Session) -> list[str]:
    """Return the events whose keys may be destroyed and that the catalog still has.

    A process that was killed leaves them; deleting the event again finishes it.
    """
    begun = {
        row.event_id
        for row in session.catalog.audit.begun(Action.DELETE_EVENT)
        if row.event_id is not None
    }
    return [
        event.event_id
        for event in session.catalog.events.find()
        if event.event_id in begun
        and event.state is not EventState.DELETED
        and not is_being_written(session.folders, event.event_id)
    ]


def _finish(session: Session, event_id: str) -> DeletionResult:
    """Destroy what a deletion that was cut off after its entry in the catalog left.

    Raises
    ------
    WrongState
        If nothing is left.
    """
    roots = session.folders.roots()
    names = [
        name
        for name in _sealed_files(session, event_id)
        if any(_is_there(root / name) for root in roots)
    ]
    if not names:
        raise WrongState(f"event {event_id} is already deleted")
    check_destroyable(roots, names)
    for name in names:
        destroy_keys(roots, name)
        retire_file(session, name)
    _destroy_set_aside(roots, event_id)
    return DeletionResult(len(names), len(roots), (), journal_is_empty=True)


def _is_there(base: Path) -> bool:
    paths = SealedPaths.of(base)
    return any(path.exists() for path in (paths.key, paths.stream, paths.tail))


def _check(session: Session, event: Event, reason: DeletionReason) -> None:
    if reason == "retention":
        session.catalog.check_ages()
    # asked before keys are destroyed: afterwards its row could not be changed
    session.catalog.check_stated([f"events {event.event_id}"])
    session.catalog.retention.check_deletion(event, reason)
    _check_mirror(session, "nothing is deleted")


def _check_mirror(session: Session, outcome: str) -> None:
    fault = session.mirror_fault()
    if fault:
        raise ArchiveError(f"{outcome}, because the keys there would survive: {fault}")


def _end_recording(session: Session, event_id: str) -> None:
    """Call a recording that a crash cut off ended: nobody wants to finalise it."""
    by = session.identity.actor.user_id
    session.catalog.events.finish(event_id, duration_seconds=0.0, by=by, is_complete=False)


def _sealed_files(session: Session, event_id: str) -> list[str]:
    """Return every sealed file of an event, those that a cut-off step left too."""
    files = [own_file_name(row) for row in session.catalog.contents.files(event_id)]
    return [*files, *find_leftovers(session, of_event=event_id)]
