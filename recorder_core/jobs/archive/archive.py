"""An open archive: its events, for one person who signed in.

Every operation asks the person's profile and is logged, refusals too; see
:mod:`recorder_core.catalog.profiles` for who may do what.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager
from datetime import datetime
from pathlib import Path
from types import TracebackType
from typing import Self

from recorder_core.archive import (
    DEFAULT_COST,
    Argon2Settings,
    DelaySettings,
    KeyFile,
    Password,
    PrivateKey,
    PublicKey,
    ReaderSet,
    SealedReader,
    check_new_password,
    new_recovery_words,
    read_any_key_file,
    wrap_private_key,
)
from recorder_core.catalog import (
    Action,
    Actor,
    AuditRow,
    Catalog,
    EventFile,
    EventState,
    Profile,
    is_allowed,
)
from recorder_core.catalog.codes import (
    check_code,
    check_new_user_id,
    check_site_code,
    new_id,
    utc_now,
)
from recorder_core.errors import (
    CatalogError,
    NotInCatalog,
    RecorderError,
    SettingsError,
)
from recorder_core.jobs.archive.catalog_opening import fill_reserves, open_catalog
from recorder_core.jobs.archive.event import ArchivedEvent
from recorder_core.jobs.archive.event_names import EventNames
from recorder_core.jobs.archive.folders import (
    CATALOG_NAME,
    ArchiveInfo,
    Folders,
    make_root,
    read_info,
    refuse_used,
    write_info,
)
from recorder_core.jobs.archive.identity import Credentials, Identity, sign_in
from recorder_core.jobs.archive.mirror_catalog import copy_catalog
from recorder_core.jobs.archive.roles import StoredFile, file_identity, file_name, read_action

__all__ = ["Archive", "create_archive", "open_archive"]

#: who checks passwords slowly, and how
DEFAULT_DELAYS = DelaySettings()


def create_archive(
    path: Path,
    *,
    site_code: str,
    administrator: str,
    password: Password,
    mirror: Path | None = None,
    password_cost: Argon2Settings = DEFAULT_COST,
) -> str:
    """Make an archive with its first administrator.

    Parameters
    ----------
    path : Path
        An empty folder, or one to make.
    site_code : str
        Code of the hospital or room, never a person's name.
    administrator : str
        Login of the first user.
    password : Password
        Of the first user.
    mirror : Path, optional
        An empty folder on another disk.
    password_cost : Argon2Settings, optional
        How much work a guess at a password costs here.

    Returns
    -------
    str
        The twelve recovery words; they are stored nowhere. Print them once.

    Raises
    ------
    ArchiveError, CatalogError
        If the folders cannot be used.
    SettingsError
        If the password is short, or one of the first that are tried.
    """
    check_site_code(site_code)
    check_new_user_id(administrator)
    check_new_password(password, administrator)
    key = PrivateKey.generate()
    wrapped = wrap_private_key(key, password, password_cost)
    words, recovery = new_recovery_words()
    info = ArchiveInfo(
        archive_id=new_id(),
        site_code=site_code,
        recovery_public_key=recovery.public_key.to_text(),
        mirror=str(mirror.absolute()) if mirror else None,
        password_cost=None if password_cost == DEFAULT_COST else password_cost,
    )
    roots = (path, mirror) if mirror else (path,)
    for folder in roots:
        refuse_used(folder)
    for folder in roots:
        make_root(folder, info)
    folders = Folders(path, info)
    fill_reserves(folders)
    with Catalog.create(path / CATALOG_NAME, anchors=folders.anchors()) as catalog:
        actor = Actor(administrator, Profile.ADMINISTRATOR)
        detail = f"first:{administrator}"
        with catalog.audited(actor, Action.MANAGE_USERS, detail=detail):
            catalog.users.add(
                administrator,
                Profile.ADMINISTRATOR,
                public_key=key.public_key.raw,
                wrapped_private_key=wrapped.to_bytes(),
            )
        copy_catalog(folders, catalog)
    return words


def open_archive(
    path: Path,
    identity: Credentials,
    *,
    origin: str = "local",
    delays: DelaySettings = DEFAULT_DELAYS,
    clock: Callable[[], datetime] = utc_now,
) -> Archive:
    """Open an archive as one person.

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

    Returns
    -------
    Archive
        A context manager.

    Raises
    ------
    ArchiveError
        If there is no archive, or the password is wrong (NoKeyMatches, SignInDelayed).
    CatalogError
        If the catalog cannot be opened, or the log not be written.
    """
    folders = Folders(path, read_info(path))
    catalog = open_catalog(folders, clock)
    try:
        who = sign_in(folders, catalog, identity, origin=origin, delays=delays, clock=clock)
        return Archive(folders, catalog, who, clock)
    except BaseException:
        catalog.close()
        raise


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
    mirror_faults : tuple of str
        What is not as it should be on one of the roots, and why; known when it is closed.
    """

    def __init__(
        self,
        folders: Folders,
        catalog: Catalog,
        identity: Identity,
        clock: Callable[[], datetime] = utc_now,
    ) -> None:
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
        keys = tuple(
            PublicKey(user.public_key)
            for user in self.catalog.users.all()
            if not user.is_disabled and is_allowed(user.profile, action)
        )
        return ReaderSet(self.folders.info.recovery, keys)

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

    def set_mirror(self, mirror: Path) -> None:
        """Take an empty folder as the mirror from now on; repair fills it."""
        with self.audited(Action.MANAGE_SETTINGS, detail="mirror"):
            folders = self.folders.with_mirror(mirror)
            make_root(mirror, folders.info)
            write_info(folders.primary, folders.info)
            self.folders = folders

    def close(self) -> None:
        """Bring the mirror's copy of the catalog up to date, forget the keys, close."""
        try:
            self.mirror_faults += (
                *self.catalog.audit.anchor_faults,
                *copy_catalog(self.folders, self.catalog),
            )
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
