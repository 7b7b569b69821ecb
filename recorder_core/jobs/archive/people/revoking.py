"""Take the keys of an event back from a person; no key is needed for that.

What is taken out of the key files is every public key that was ever stated of that person, in
signed rows of the log. A row of the catalog may be damaged, edited or gone: it decides nothing.
"""

from __future__ import annotations

from collections.abc import Collection
from functools import partial
from pathlib import Path

from recorder_core.archive import (
    KeyFile,
    PublicKey,
    destroy_left_keys,
    revoke as revoke_key,
    store_key_file,
)
from recorder_core.catalog import IDENTITY, Action, SealedKey
from recorder_core.errors import ArchiveError, HeaderDamaged, NotInCatalog
from recorder_core.jobs.archive.access.session import Session
from recorder_core.jobs.archive.access.stated_keys import StatedKeys
from recorder_core.jobs.archive.acting import find_on
from recorder_core.jobs.archive.archive import Archive
from recorder_core.jobs.archive.people.key_files import (
    change_keys,
    files_of,
    key_files,
    sealed_names,
)
from recorder_core.jobs.archive.sealed_record import record_readers, remove_reader

__all__ = ["held_kinds", "revoke", "take_back", "unseal_from", "users_with_key"]


def revoke(
    archive: Archive, event: str, user_id: str, kinds: list[str] | None = None
) -> dict[str, int]:
    """Revoke the keys of an event; show ``REVOCATION_NOTICE`` before.

    Every key goes that was ever stated of the user, whatever the catalog says of the user, of
    the files and of who holds what.

    Returns
    -------
    dict of int
        Each kind that was taken back -> how many key files, or sealed names and notes, were
        changed.

    Raises
    ------
    NotInCatalog
        If the user has no key to take back.
    ArchiveError
        If no key of the user was found, but one of nobody whom the log states.
    """
    session, found = find_on(archive, event, Action.GRANT)
    event_id, stated = found.event_id, session.stated_keys([f"sealed_keys {found.event_id}"])
    if not stated.keys_of(user_id):
        raise NotInCatalog(f"there is no user {user_id} whom an administrator has signed")
    with session.audited(Action.GRANT, event_id, detail=f"revoke:{user_id}"):
        _destroy_left(session, event_id)
        held = [
            kind
            for kind in held_kinds(session, stated, event_id, user_id)
            if kinds is None or kind in kinds
        ]
        if not held:
            raise NotInCatalog(f"{user_id} has no key of event {event_id} that could be revoked")
        return {kind: take_back(session, stated, event_id, kind, user_id) for kind in held}


def held_kinds(session: Session, stated: StatedKeys, event_id: str, user_id: str) -> list[str]:
    """Return which kinds of file of an event a user can open, or is noted to.

    Parameters
    ----------
    archive : Archive
        Open.
    stated : StatedKeys
        What the log states of the keys of the event.
    event_id, user_id : str
        Event, and user.
    """
    keys = stated.keys_of(user_id)
    noted = session.catalog.grants.keys(event_id)
    kinds = {key.key_name for key in noted if key.recipient == user_id}
    kinds |= set(stated.kinds(event_id, user_id))
    kinds |= {
        key_file.identity.role
        for _, _, key_file in key_files(session, event_id)
        if _entries(key_file, keys)
    }
    if any(_readers_of(session, event_id, name) & keys for name in _records(session, event_id)):
        kinds.add(IDENTITY)
    return sorted(kinds)


def users_with_key(session: Session, stated: StatedKeys, event_id: str, kind: str) -> list[str]:
    """Return the users who can open one kind of file of an event, or are noted to.

    Parameters
    ----------
    archive : Archive
        Open.
    stated : StatedKeys
        What the log states of the keys of the event.
    event_id, kind : str
        Event, and role of the files.
    """
    noted = session.catalog.grants.keys(event_id, kind)
    users = {key.recipient for key in noted} | set(stated.holders(event_id, kind))
    for _, _, key_file in _key_files_of(session, event_id, kind):
        users |= set(stated.owners([entry.public_key for entry in key_file.entries]))
    return sorted(users)


def take_back(session: Session, stated: StatedKeys, event_id: str, kind: str, user_id: str) -> int:
    """Remove a user's sealed keys from one kind of file; the caller has asked.

    Returns
    -------
    int
        How many key files, or sealed names and notes, were changed.

    Raises
    ------
    ArchiveError
        If none was found, but one of nobody whom the log states: it may be the user's.
    """
    grants, by = session.catalog.grants, session.identity.actor.user_id
    with session.catalog.transaction():  # nobody grants in between
        changed = unseal_from(session, event_id, kind, stated.keys_of(user_id))
        if not changed:
            _refuse_unknown(session, stated, event_id, kind, user_id)
        if all(key.recipient != user_id for key in grants.keys(event_id, kind)):
            # its row is gone beside the log: without it nobody could state that it ends
            key = SealedKey(
                event_id=event_id,
                key_name=kind,
                recipient_kind="user",
                recipient=user_id,
                sealed=b"",
            )
            grants.give(key, by=by)
        grants.take_back(event_id, kind, "user", user_id, by=by)
    return changed


def unseal_from(session: Session, event_id: str, kind: str, readers: Collection[PublicKey]) -> int:
    """Remove public keys from one kind of file; the catalog's grants are the caller's.

    Returns
    -------
    int
        How many key files, or sealed names and notes, had one of them.
    """
    keys = frozenset(readers)
    changed = _unseal_records(session, event_id, kind, keys)
    found = {
        name
        for _, name, key_file in _key_files_of(session, event_id, kind)
        if _entries(key_file, keys)
    }
    for file in files_of(session, event_id, kind):
        if session.folders.roots_with(file.name):
            change_keys(session, file, partial(_revoked, keys))
    # what the catalog does not know, and what was set aside
    for root, name, key_file in _key_files_of(session, event_id, kind):
        if _entries(key_file, keys):
            store_key_file([root], name, _revoked(keys, key_file))
    return changed + len(found)


def _unseal_records(session: Session, event_id: str, kind: str, keys: frozenset[PublicKey]) -> int:
    events, changed = session.catalog.events, 0
    with session.catalog.transaction():
        for name in sealed_names(session, event_id, kind):
            present = _readers_of(session, event_id, name) & keys
            sealed = events.get_sealed(event_id, name)
            for reader in present:
                sealed = remove_reader(sealed, reader)
            if present:
                events.put_sealed(event_id, name, sealed)
                changed += 1
    return changed


def _refuse_unknown(
    session: Session, stated: StatedKeys, event_id: str, kind: str, user_id: str
) -> None:
    """Raise ArchiveError if a key file opens for somebody whom the log does not state."""
    unknown = {
        entry.public_key.key_id
        for _, _, key_file in _key_files_of(session, event_id, kind)
        for entry in key_file.entries
        if not entry.is_recovery and stated.owner(entry.public_key) is None
    }
    if unknown:
        raise ArchiveError(
            f"no key of {user_id} was found in {kind} of event {event_id}, but it opens for "
            f"{', '.join(sorted(unknown))}, none of whom the log knows: nothing was revoked; run "
            "'workbench audit verify'"
        )


def _key_files_of(session: Session, event_id: str, kind: str) -> list[tuple[Path, str, KeyFile]]:
    """Return root, name and content of the key files of one kind, whatever the catalog knows."""
    return [each for each in key_files(session, event_id) if each[2].identity.role == kind]


def _records(session: Session, event_id: str) -> list[str]:
    return sealed_names(session, event_id, IDENTITY)


def _readers_of(session: Session, event_id: str, name: str) -> frozenset[PublicKey]:
    try:
        return frozenset(record_readers(session.catalog.events.get_sealed(event_id, name)))
    except HeaderDamaged:
        return frozenset()  # it opens for nobody


def _entries(key_file: KeyFile, keys: Collection[PublicKey]) -> list[PublicKey]:
    """Return which of some public keys a key file opens for."""
    return [key for key in keys if key_file.entry_for(key) is not None]


def _revoked(keys: Collection[PublicKey], old: KeyFile) -> KeyFile:
    for key in _entries(old, keys):
        old = revoke_key(old, key)
    return old


def _destroy_left(session: Session, event_id: str) -> None:
    """Destroy what cut-off grants of an event left, of kinds that nobody is known to hold too."""
    for root in session.folders.roots():
        try:
            destroy_left_keys(root, event_id)
        except OSError as error:
            raise ArchiveError(
                f"event {event_id}: what a cut-off grant left on {root} was not destroyed "
                f"({error.strerror}): repeat when it can be written"
            ) from error
