"""What an open archive holds for one person: keys, catalog and folders, for this package alone."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime
from typing import Final

from recorder_core.archive import (
    CopyFault,
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
from recorder_core.errors import AuditError, NotAllowed
from recorder_core.jobs.archive.access.identity import Identity
from recorder_core.jobs.archive.access.stated_keys import KEY_TABLES, StatedKeys
from recorder_core.jobs.archive.access.trust import (
    Trust,
    look_up_trust,
    trusted_folders,
    wrong_rows,
)
from recorder_core.jobs.archive.place.finding import mirror_advice
from recorder_core.jobs.archive.place.folders import Folders
from recorder_core.jobs.archive.place.info_lock import as_they_are, info_lock
from recorder_core.jobs.archive.place.replication import Replicator
from recorder_core.jobs.archive.place.roles import StoredFile, file_identity, file_name, role_of

__all__ = ["Session"]

#: what goes on while the audit log cannot be believed; what is recorded then is sealed to nobody
#: but the recovery key
_WITHOUT_LOG: Final = frozenset(
    {
        Action.LIST_EVENTS,
        Action.LOG_IN,
        Action.MARK,
        Action.READ_AUDIT,
        Action.RECORD,
        Action.REPAIR_MIRROR,
        Action.TAKE_SCREENSHOT,
        Action.VIEW_PREVIEW,
        Action.WRITE_IDENTITY,
    }
)


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
    copy_faults : tuple of CopyFault
        Copies of files stored since it was opened that stopped while another went on.
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
        self.copy_faults: tuple[CopyFault, ...] = ()

    @contextmanager
    def audited(
        self, action: Action, event_id: str | None = None, *, detail: str = ""
    ) -> Iterator[AuditRow]:
        """Ask the profile and the log, log, act, log the outcome."""
        self._ask_log(action)
        try:
            with self.catalog.audited(self.identity.actor, action, event_id, detail=detail) as row:
                yield row
        except AuditError as error:
            advice = mirror_advice(self.folders)
            if advice is None or advice in str(error):
                raise
            raise AuditError(f"{error}: {advice}") from error

    def may(self, action: Action) -> bool:
        """Return whether this person's profile may do it."""
        return is_allowed(self.identity.actor.profile, action)

    def ask(self, action: Action) -> None:
        """Raise NotAllowed unless this person's profile may do it."""
        self._ask_log(action)
        require(self.identity.actor.profile, action)

    def check_person(self) -> None:
        """Raise NotAllowed unless the log still has this person as at the sign-in."""
        actor, key = self.identity.actor, self.identity.keys[0]
        profile = self.trust().profile(self.catalog.users.get(actor.user_id), key)
        if profile is not actor.profile:
            raise NotAllowed(f"this user is {profile} now: sign in again")

    def wrapped_key(self) -> bytes:
        """Return this person's private key as the catalog has it: under the password of now."""
        return self.catalog.users.get(self.identity.actor.user_id).wrapped_private_key

    def _ask_log(self, action: Action) -> None:
        """Refuse what rests on a log that cannot be believed; surgeries are recorded anyway."""
        fault = self.identity.log_fault
        if fault and action not in _WITHOUT_LOG:
            raise AuditError(
                f"{fault}, so it is not known who may do what: {action.replace('_', ' ')} is "
                "refused until 'workbench mirror repair' or 'workbench archive restore' has put "
                "the log right, or an administrator accepts it with 'workbench audit accept-break'"
            )

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
        trust.check_recovery_key()
        if self.identity.log_fault:
            return ReaderSet(trusted_folders(self.folders, trust).info.recovery, ())
        keys = tuple(PublicKey(user.public_key) for user in self.vouched_users() if is_reader(user))
        return ReaderSet(trusted_folders(self.folders, trust).info.recovery, keys)

    def vouched_user(self, user_id: str) -> User:
        """Return a user as an administrator signed that user.

        Raises
        ------
        NotInCatalog
            If there is no such user.
        AuditError
            If the catalog says something else of that user than the signed log.
        """
        user = self.catalog.users.get(user_id)
        trust = self.trust()
        if not trust.vouches_for(user):
            raise AuditError(
                f"{trust.wrong[f'users {user_id}']}; nothing is given to that user: have an "
                "administrator run 'workbench audit verify', and 'workbench mirror repair' or "
                "'workbench archive restore'"
            )
        return user

    def vouched_users(self) -> list[User]:
        """Return the users that administrators signed, as they signed them."""
        trust = self.trust()
        return [user for user in self.catalog.users.sound() if trust.vouches_for(user)]

    def is_released(self, event_id: str) -> bool:
        """Return whether the de-identified copy is released, as the signed log says.

        Raises
        ------
        AuditError
            If the catalog says something else of the event's steps than the log.
        """
        wrong = self._wrong_steps(event_id)
        if wrong:
            raise AuditError(
                f"{next(iter(wrong.values()))}, so it is not known whether the copy is released; "
                "have an administrator run 'workbench audit verify', and 'workbench mirror repair' "
                "or 'workbench archive restore'"
            )
        return self.catalog.events.was_signed_off(event_id)

    def stated_keys(self, rows: Sequence[str] = KEY_TABLES) -> StatedKeys:
        """Return to whom keys belong and who holds which, as the log states it at this moment.

        Parameters
        ----------
        rows : sequence of str, optional
            Only these tables, or tables and the beginning of what names their rows.
        """
        return StatedKeys(self.catalog, self.trust().row_hash, rows)

    def reader_ids(self, event_id: str, kind: str) -> list[str]:
        """Return the users to whom one kind of file of an event is sealed, as the log states it."""
        return self.stated_keys([f"sealed_keys {event_id}"]).holders(event_id, kind)

    def trust(self) -> Trust:
        """Return what is authentic of the catalog's people and settings at this moment."""
        return look_up_trust(self.catalog, self.identity.trust.row_hash)

    def mirror_fault(self) -> str | None:
        """Return why a mirror may keep what is destroyed here; None if none can."""
        if self.folders.info.mirror is None and self.trust().was_restored:
            return (
                "this archive was made from a backup, and nobody has said since whether its "
                "earlier mirror still counts: have an administrator give it one with 'workbench "
                "mirror "
                "set FOLDER', or say with 'workbench archive moved' that it has none"
            )
        return self.folders.mirror_fault()

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
        """Return the person's key that opens a file: their own, or the recovery key."""
        for key in self.identity.keys:
            if key_file.entry_for(key.public_key) is not None:
                return key
        return self.identity.keys[0]  # opening says that there is no entry for it

    def read_needs(self, event_id: str, role: str) -> Action:
        """Return what this person must be allowed to do to read a kind of file of an event."""
        # steps that the log states otherwise release nothing; other files do not depend on them
        kind = role_of(role)
        released = (
            kind.read_unreleased is not None
            and self.catalog.events.was_signed_off(event_id)
            and not self._wrong_steps(event_id)
        )
        return kind.read_action(is_released=released)

    def _wrong_steps(self, event_id: str) -> dict[str, str]:
        """Return the steps of an event that are not what the signed log states."""
        rows = f"event_states {event_id}"
        return wrong_rows(self.catalog, self.identity.trust.row_hash, rows)

    @contextmanager
    def changing_info(self) -> Iterator[Folders]:
        """Keep other commands from changing ``archive.json``; yield the folders as they are now.

        What this session read when it was opened may have been changed since.

        Raises
        ------
        ArchiveError
            If the folder cannot be locked, or its ``archive.json`` cannot be read.
        """
        with info_lock(self.folders.primary):
            yield trusted_folders(as_they_are(self.folders), self.trust())

    def moved_to(self, folders: Folders) -> None:
        """Continue with other folders."""
        self.folders = self.replicator.folders = folders

    def close(self) -> None:
        """Close, once the other folder's copy of the catalog is up to date; forget the keys."""
        try:
            self.replicator.close()
            self.mirror_faults += (*self.catalog.audit.anchor_faults, *self.replicator.faults)
        finally:
            self.identity.wipe()
            self.catalog.close()
