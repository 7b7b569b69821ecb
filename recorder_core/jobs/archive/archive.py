"""An open archive: its events, for one person who signed in.

Every operation asks the person's profile and is logged, refusals too; see
:mod:`recorder_core.catalog.profiles` for who may do what.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager, ExitStack
from datetime import datetime
from pathlib import Path
from types import TracebackType
from typing import Self

from recorder_core.archive import (
    DelaySettings,
    KeyFile,
    PrivateKey,
    PublicKey,
    ReaderSet,
    SealedReader,
    read_any_key_file,
)
from recorder_core.catalog import (
    Action,
    AuditRow,
    Catalog,
    EventFile,
    EventState,
    User,
    is_allowed,
)
from recorder_core.catalog.codes import check_code, utc_now
from recorder_core.errors import (
    CatalogError,
    NotInCatalog,
    RecorderError,
    SettingsError,
)
from recorder_core.jobs.archive.catalog_opening import open_catalog
from recorder_core.jobs.archive.event import ArchivedEvent
from recorder_core.jobs.archive.event_names import EventNames
from recorder_core.jobs.archive.folders import Folders, find_archive
from recorder_core.jobs.archive.identity import Credentials, Identity, sign_in
from recorder_core.jobs.archive.reconciling import know_place, reconcile
from recorder_core.jobs.archive.replication import Replicator
from recorder_core.jobs.archive.roles import StoredFile, file_identity, file_name, read_action
from recorder_core.jobs.archive.trust import Trust, look_up_trust, trusted_folders

__all__ = ["Archive", "open_archive"]

#: who checks passwords slowly, and how
DEFAULT_DELAYS = DelaySettings()


def open_archive(
    path: Path,
    identity: Credentials,
    *,
    origin: str = "local",
    delays: DelaySettings = DEFAULT_DELAYS,
    clock: Callable[[], datetime] = utc_now,
    check_catalog: bool = False,
) -> Archive:
    """Open an archive as one person.

    The mirror is named in the archive's place where that is lost. A catalog that is damaged, or
    older than the other folder's, is set aside and the other's put in its place.

    Parameters
    ----------
    path : Path
        The archive's folder.
    identity : Credentials
        Login and password, and the recovery words where they are needed.
    origin : str, default "local"
        Where the person is, for the log: "local" or an address.
    delays : DelaySettings, optional
        How failed attempts slow the next one down.
    clock : callable, optional
        Gives the time; for tests.
    check_catalog : bool, default False
        Read the whole catalog first, so that hidden damage in it is found and repaired.

    Returns
    -------
    Archive
        A context manager.

    Raises
    ------
    ArchiveError
        If there is no archive, or the password is wrong (NoKeyMatches, SignInDelayed).
    CatalogError
        If the catalog cannot be opened, or the log not be written; CatalogSplit if both
        folders' catalogs were changed since they were the same.
    """
    folders = know_place(find_archive(path))
    done = reconcile(folders, clock, read_all=check_catalog)
    with ExitStack() as stack:
        catalog = stack.enter_context(open_catalog(folders, clock))
        replicator = Replicator(folders, catalog)
        stack.callback(replicator.close)
        who = sign_in(folders, catalog, identity, origin=origin, delays=delays, clock=clock)
        if done:
            catalog.audit.append(who.actor, Action.REPAIR_MIRROR, detail="catalog:reconciled")
        catalog.audit.guard()
        folders = trusted_folders(folders, who.trust)
        archive = Archive(folders, catalog, who, clock, replicator=replicator)
        archive.notices = (*done, *filter(None, (folders.copy_notice(), folders.mirror_fault())))
        stack.pop_all()
    return archive


class Archive:
    """One open archive, for one person; a context manager.

    Attributes
    ----------
    folders : Folders
        Where it lies.
    catalog : Catalog
        For the modules of this package; nothing here asks a profile by itself.
    identity : Identity
        Who signed in.
    clock : callable
        Gives the time.
    replicator : Replicator
        Has the other folder's copy of the catalog follow.
    notices : tuple of str
        What somebody should know who opened it.
    mirror_faults : tuple of str
        What is not as it should be on one of the roots, and why; known when it is closed.
    """

    def __init__(
        self,
        folders: Folders,
        catalog: Catalog,
        identity: Identity,
        clock: Callable[[], datetime] = utc_now,
        *,
        replicator: Replicator,
    ) -> None:
        self.replicator = replicator
        self.notices: tuple[str, ...] = ()
        self.folders = folders
        self.catalog = catalog
        self.identity = identity
        self.clock = clock
        self.mirror_faults: tuple[str, ...] = ()

    # -- what a person asks for ---------------------------------------------------------

    def events(
        self,
        *,
        state: EventState | None = None,
        procedure_code: str | None = None,
        include_deleted: bool = False,
    ) -> list[ArchivedEvent]:
        """Return the events, newest first, without any name."""
        with self.audited(Action.LIST_EVENTS):
            rows = self.catalog.events.find(state=state, procedure_code=procedure_code)
        wanted = include_deleted or state is EventState.DELETED
        return [
            ArchivedEvent(self, row)
            for row in rows
            if wanted or row.state is not EventState.DELETED
        ]

    def roles(self, events: Sequence[ArchivedEvent]) -> dict[str, list[str]]:
        """Return which kinds of complete files each event has; none of a deleted one."""
        found = self.catalog.contents.roles()
        return {
            event.event_id: found.get(event.event_id, [])
            for event in events
            if event.row.state is not EventState.DELETED
        }

    def event(self, event_id: str) -> ArchivedEvent:
        """Return one event; a beginning of its id that fits no other is enough.

        Raises
        ------
        NotInCatalog
            If there is none.
        SettingsError
            If several begin like this.
        """
        check_code(event_id, "event_id")
        with self.audited(Action.LIST_EVENTS):
            found = [row for row in self.catalog.events.find() if row.event_id.startswith(event_id)]
            if len(found) > 1:
                raise SettingsError(
                    f"{len(found)} events begin with {event_id}; give more of the id"
                )
            row = found[0] if found else self.catalog.events.get(event_id)
        return ArchivedEvent(self, row)

    def search_names(self, text: str) -> list[tuple[ArchivedEvent, EventNames]]:
        """Return the events in whose names a text occurs, and that this person's key opens.

        Upper and lower case, and accents, do not matter.
        """
        with self.audited(Action.READ_IDENTITY, detail="search"):
            named = [(event, event.open_names()) for event in self._live_events()]
            return [(event, names) for event, names in named if names and names.mentions(text)]

    def audited(
        self, action: Action, event_id: str | None = None, *, detail: str = ""
    ) -> AbstractContextManager[AuditRow]:
        """Ask the profile, log, act, log the outcome."""
        return self.catalog.audited(self.identity.actor, action, event_id, detail=detail)

    def may(self, action: Action) -> bool:
        """Return whether this person's profile may do it."""
        return is_allowed(self.identity.actor.profile, action)

    def frame_count(self, event_id: str, role: str = "original") -> int | None:
        """Return how many frames a video has; None if there is no such video."""
        rows = self.catalog.contents.files(event_id, role)
        try:
            return len(self.catalog.contents.pts_index(rows[-1].file_id)) if rows else None
        except NotInCatalog:
            return None

    def reader_ids(self, event_id: str, kind: str) -> list[str]:
        """Return the users to whom one kind of file of an event is sealed."""
        return [key.recipient for key in self.catalog.grants.keys(event_id, kind)]

    # -- for the modules of this package ------------------------------------------------

    def readers(self, action: Action) -> ReaderSet:
        """Return to whom a new file is sealed: all who may do this, and the recovery key."""
        return self.reader_set(
            lambda user: not user.is_disabled and is_allowed(user.profile, action)
        )

    def seal_warning(self) -> str | None:
        """Return what to say before an original is sealed that no person can open, else None."""
        if self.readers(Action.VIEW_ORIGINAL).readers:
            return None
        return (
            "there is no reviewer who could open what is taken in now: it is sealed to nobody but "
            "the recovery key; have an administrator type 'workbench user add NAME reviewer' "
            "first, since afterwards only 'workbench grant NAME EVENT --recovery' opens it"
        )

    def reader_set(self, is_reader: Callable[[User], bool]) -> ReaderSet:
        """Return some of the users whose keys an administrator signed, and the recovery key.

        Both as they are at this moment: another process may have changed them.
        """
        trust = self.trust()
        keys = tuple(
            PublicKey(user.public_key)
            for user in self.catalog.users.all()
            if trust.vouches_for(user) and is_reader(user)
        )
        return ReaderSet(trusted_folders(self.folders, trust).info.recovery, keys)

    def trust(self) -> Trust:
        """Return what is authentic of the catalog's people and settings at this moment."""
        return look_up_trust(self.catalog, self.identity.trust.row_hash)

    def stored(self, row: EventFile) -> StoredFile:
        """Return where a file of the catalog lies."""
        return StoredFile(row, file_identity(row), file_name(row.file_id))

    def open_sealed(self, file: StoredFile, *, incomplete: bool = False) -> SealedReader:
        """Open a file; what is damaged on one root is read from the other.

        Parameters
        ----------
        file : StoredFile
            From the catalog.
        incomplete : bool, default False
            Whether a recording without its end will do, as far as any root holds it.

        Raises
        ------
        NoKeyMatches
            If it is sealed to none of this person's keys.
        ArchiveError
            If no copy can be opened; the message is about the archive's own.
        """
        roots = self.folders.roots()
        key = self.key_for(read_any_key_file(roots, file.name, file.identity))
        bases = [root / file.name for root in roots]
        return SealedReader(bases, key, file.identity, incomplete=incomplete)

    def key_for(self, key_file: KeyFile) -> PrivateKey:
        """Return the person's key that opens a file: the own, or the recovery key."""
        for key in self.identity.keys:
            if key_file.entry_for(key.public_key) is not None:
                return key
        return self.identity.keys[0]  # opening says that there is no entry for it

    def read_needs(self, row: EventFile) -> Action:
        """Return what this person must be allowed to do to read a file."""
        released = self.catalog.events.was_signed_off(row.event_id)
        return read_action(row.role, is_released=released)

    def moved_to(self, folders: Folders) -> None:
        """Go on with other folders."""
        self.folders = self.replicator.folders = folders

    def close(self) -> None:
        """Bring the other folder's copy of the catalog up to date, forget the keys, close."""
        try:
            self.replicator.close()
            self.mirror_faults += (*self.catalog.audit.anchor_faults, *self.replicator.faults)
        finally:
            self.identity.wipe()
            self.catalog.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        try:
            self.close()
        except CatalogError:
            # what went wrong first is what the person must read
            if not isinstance(error, RecorderError):
                raise

    def _live_events(self) -> Sequence[ArchivedEvent]:
        return [
            ArchivedEvent(self, row)
            for row in self.catalog.events.find()
            if row.state is not EventState.DELETED
        ]
