"""Give keys of an event to a person, or take them back.

A key is sealed again by somebody who can open it: a reviewer, or an administrator with the
recovery words. Taking back needs no key.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from pathlib import Path

from recorder_core.archive import (
    KeyFile,
    PublicKey,
    SealedPaths,
    change_key_file,
    destroy_left_keys,
    parse_key_file,
    store_key_file,
)
from recorder_core.archive import grant as grant_key
from recorder_core.archive import revoke as revoke_key
from recorder_core.catalog import IDENTITY, Action, EventState, Profile, User, is_allowed
from recorder_core.errors import ArchiveError, NotInCatalog, SettingsError
from recorder_core.jobs.archive.archive import Archive
from recorder_core.jobs.archive.event import find_event, names_place
from recorder_core.jobs.archive.files.storing import note_key_file, note_reader
from recorder_core.jobs.archive.place.roles import READ_ACTIONS, StoredFile, read_action
from recorder_core.jobs.archive.place.set_aside import set_aside_bases
from recorder_core.jobs.archive.sealed_record import add_readers, remove_reader
from recorder_core.model.inner_files import read_inner

__all__ = ["give", "grant", "may_hold", "revoke", "seal_to", "take_back", "unseal_from"]

#: what can be given: the files, and the names
KINDS = (*READ_ACTIONS, IDENTITY)


def grant(archive: Archive, event: str, user_id: str, kinds: list[str] | None = None) -> list[str]:
    """Grant a user the keys of an event that the profile permits.

    Parameters
    ----------
    archive : Archive
        Open, for somebody who can open the files, or with the recovery words.
    event : str
        An event that is not deleted.
    user_id : str
        Who receives them.
    kinds : list of str, optional
        Roles of files, or "identity"; all that the profile permits when not given.

    Returns
    -------
    list of str
        The kinds that the user can open now.

    Raises
    ------
    SettingsError
        If the user's profile does not permit a kind that was asked for.
    NoKeyMatches
        If this person cannot open what should be given.
    """
    event_id = find_event(archive._session, event, Action.GRANT).event_id
    with archive._session.audited(Action.GRANT, event_id, detail=f"to:{user_id}"):
        user = archive._session.vouched_user(user_id)
        archive._session.catalog.events.refuse_deleted(event_id)
        wanted = _permitted(archive, event_id, user, kinds)
        for kind in wanted:
            give(archive, event_id, kind, user)
    return wanted


def revoke(archive: Archive, event: str, user_id: str, kinds: list[str] | None = None) -> list[str]:
    """Revoke the keys of an event; show ``REVOCATION_NOTICE`` before.

    Returns
    -------
    list of str
        The kinds that were taken back.
    """
    event_id = find_event(archive._session, event, Action.GRANT).event_id
    archive._session.catalog.users.get(user_id)
    with archive._session.audited(Action.GRANT, event_id, detail=f"revoke:{user_id}"):
        _destroy_left(archive, event_id)
        held = [
            key.key_name
            for key in archive._session.catalog.grants.keys(event_id)
            if key.recipient == user_id and (kinds is None or key.key_name in kinds)
        ]
        if not held:
            raise NotInCatalog(f"{user_id} has no key of event {event_id} to take back")
        for kind in held:
            take_back(archive, event_id, kind, user_id)
    return held


def may_hold(archive: Archive, event_id: str, kind: str, profile: Profile) -> bool:
    """Return whether a profile permits to open one kind of file of an event."""
    if kind == IDENTITY:
        return is_allowed(profile, Action.READ_IDENTITY)
    if kind not in READ_ACTIONS:
        return False
    released = kind == "deidentified" and archive._session.is_released(event_id)
    return is_allowed(profile, read_action(kind, is_released=released))


def give(archive: Archive, event_id: str, kind: str, user: User) -> None:
    """Seal one kind of file to a user for whom the log vouches; the caller has asked."""
    seal_to(archive, event_id, kind, PublicKey(user.public_key))
    note_reader(archive, event_id, kind, user.user_id)


def take_back(archive: Archive, event_id: str, kind: str, user_id: str) -> None:
    """Remove a user's sealed key from one kind of file; the caller has asked."""
    unseal_from(
        archive, event_id, kind, PublicKey(archive._session.catalog.users.get(user_id).public_key)
    )
    archive._session.catalog.grants.take_back(
        event_id, kind, "user", user_id, by=archive._session.identity.actor.user_id
    )


def seal_to(archive: Archive, event_id: str, kind: str, reader: PublicKey) -> None:
    """Seal one kind of file to a public key; the catalog's grants are the caller's."""
    keys = archive._session.identity.keys
    with archive._session.catalog.transaction():  # nobody grants in between
        for name in _sealed_names(archive, event_id, kind):
            sealed = archive._session.catalog.events.get_sealed(event_id, name)
            sealed = add_readers(sealed, keys, [reader], names_place(event_id, name))
            archive._session.catalog.events.put_sealed(event_id, name, sealed)
    for file in _files(archive, event_id, kind):
        _change(archive, file, partial(_granted, archive, reader))


def unseal_from(archive: Archive, event_id: str, kind: str, reader: PublicKey) -> None:
    """Remove a public key from one kind of file; the catalog's grants are the caller's."""
    with archive._session.catalog.transaction():
        for name in _sealed_names(archive, event_id, kind):
            sealed = remove_reader(
                archive._session.catalog.events.get_sealed(event_id, name), reader
            )
            archive._session.catalog.events.put_sealed(event_id, name, sealed)
    for file in _files(archive, event_id, kind):
        _change(archive, file, partial(_revoked, reader))
    _unseal_set_aside(archive, event_id, kind, reader)


def _unseal_set_aside(archive: Archive, event_id: str, kind: str, reader: PublicKey) -> None:
    """Remove a public key from the files of an event that were set aside, too."""
    for root in archive.folders.roots():
        for base in set_aside_bases(root, event_id):
            key_file = _key_file_of(base)
            if key_file is not None and key_file.identity.role == kind:
                without = _revoked(reader, key_file)
                if without != key_file:
                    store_key_file([root], str(base.relative_to(root)), without)


def _key_file_of(base: Path) -> KeyFile | None:
    """Return a key file that was set aside; None if it is damaged, so that it opens nothing."""
    try:
        return parse_key_file(read_inner(SealedPaths.of(base).key), str(base))
    except (ArchiveError, OSError):
        return None


def _destroy_left(archive: Archive, event_id: str) -> None:
    """Destroy what cut-off grants of an event left, of kinds that nobody is known to hold too."""
    for root in archive.folders.roots():
        try:
            destroy_left_keys(root, event_id)
        except OSError as error:
            raise ArchiveError(
                f"event {event_id}: what a cut-off grant left on {root} was not destroyed "
                f"({error.strerror}): repeat when it can be written"
            ) from error


def _permitted(archive: Archive, event_id: str, user: User, kinds: list[str] | None) -> list[str]:
    present = {row.role for row in archive._session.catalog.contents.files(event_id)} | {IDENTITY}
    for kind in kinds or ():
        if kind not in present:
            raise SettingsError(
                f"event {event_id} has no {kind}; it has {', '.join(sorted(present))}"
            )
        if not may_hold(archive, event_id, kind, user.profile):
            raise SettingsError(
                f"{user.user_id} is {user.profile}, and that profile may not open {kind} of event "
                f"{event_id} as it is now"
            )
    asked = kinds or [kind for kind in KINDS if kind in present]
    return [kind for kind in asked if may_hold(archive, event_id, kind, user.profile)]


def _sealed_names(archive: Archive, event_id: str, kind: str) -> list[str]:
    """Return the sealed texts that go with a kind: names and notes are one."""
    return archive._session.catalog.events.sealed_names(event_id) if kind == IDENTITY else []


def _files(archive: Archive, event_id: str, kind: str) -> list[StoredFile]:
    if (
        kind == IDENTITY
        or archive._session.catalog.events.get(event_id).state is EventState.DELETED
    ):
        return []
    return [
        archive._session.stored(row)
        for row in archive._session.catalog.contents.files(event_id, kind)
    ]


def _change(archive: Archive, file: StoredFile, change: Callable[[KeyFile], KeyFile]) -> None:
    roots = archive.folders.roots_with(file.name)
    changed = change_key_file(roots, file.name, file.identity, change)
    note_key_file(archive, file.row.file_id, changed)


def _granted(archive: Archive, reader: PublicKey, old: KeyFile) -> KeyFile:
    if old.entry_for(reader) is not None:
        return old
    return grant_key(old, archive._session.key_for(old), [reader])


def _revoked(reader: PublicKey, old: KeyFile) -> KeyFile:
    return old if old.entry_for(reader) is None else revoke_key(old, reader)
