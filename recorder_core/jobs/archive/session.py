"""What an open archive holds for one person: keys, catalog and folders, for this package alone."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager
from datetime import datetime

from recorder_core.archive import (
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
    User,
    is_allowed,
    require,
)
from recorder_core.jobs.archive.folders import Folders
from recorder_core.jobs.archive.identity import Identity
from recorder_core.jobs.archive.replication import Replicator
from recorder_core.jobs.archive.roles import StoredFile, file_identity, file_name, read_action
from recorder_core.jobs.archive.trust import Trust, look_up_trust, trusted_folders

__all__ = ["Session"]


class Session:
    """The keys, the catalog and the folders behind an :class:`Archive`; nothing here asks.

    Every function that a person calls asks first, with `audited` or `ask`.

    Parameters
    ----------
    folders : Folders
        Where the archive lies.
    catalog : Catalog
        Open.
    identity : Identity
        Who signed in.
    clock : callable
        Gives the time.
    replicator : Replicator
        Has the other folder's copy of the catalog follow.

    Attributes
    ----------
    mirror_faults : tuple of str
        What is not as it should be on one of the roots, and why; known when it is closed.
    """

    def __init__(
        self,
        folders: Folders,
        catalog: Catalog,
        identity: Identity,
        clock: Callable[[], datetime],
        replicator: Replicator,
    ) -> None:
        self.folders = folders
        self.catalog = catalog
        self.identity = identity
        self.clock = clock
        self.replicator = replicator
        self.mirror_faults: tuple[str, ...] = ()

    def audited(
        self, action: Action, event_id: str | None = None, *, detail: str = ""
    ) -> AbstractContextManager[AuditRow]:
        """Ask the profile, log, act, log the outcome."""
        return self.catalog.audited(self.identity.actor, action, event_id, detail=detail)

    def ask(self, action: Action) -> None:
        """Do nothing if this person's profile may do it; NotAllowed if not."""
        require(self.identity.actor.profile, action)

    def readers(self, action: Action) -> ReaderSet:
        """Return to whom a new file is sealed: all who may do this, and the recovery key."""
        return self.reader_set(
            lambda user: not user.is_disabled and is_allowed(user.profile, action)
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
