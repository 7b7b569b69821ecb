"""Give keys of an event to a person.

A key is sealed again by somebody who can open it: a reviewer, or an administrator with the
recovery words.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial

from recorder_core.archive import (
    KeyFile,
    PublicKey,
    grant as grant_key,
)
from recorder_core.catalog import IDENTITY, Action, Profile, User, is_allowed
from recorder_core.errors import SettingsError, WrongState
from recorder_core.jobs.archive.access.session import Session
from recorder_core.jobs.archive.acting import acting_on
from recorder_core.jobs.archive.archive import Archive
from recorder_core.jobs.archive.files.storing import note_reader
from recorder_core.jobs.archive.people.key_files import change_keys, files_of, sealed_names
from recorder_core.jobs.archive.place.roles import ROLES
from recorder_core.jobs.archive.sealed_record import add_readers, names_associated_data

__all__ = ["KeyHolder", "event_key_holders", "give", "grant", "may_hold", "seal_to"]

#: what can be given: the files, and the names
KINDS = (*ROLES, IDENTITY)


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
    WrongState
        If the user gets another profile meanwhile, which does not permit it.
    """
    with acting_on(archive, event, Action.GRANT, detail=f"to:{user_id}") as (session, found):
        event_id = found.event_id
        user = session.vouched_user(user_id)
        session.catalog.events.refuse_deleted(event_id)
        wanted = _permitted(session, event_id, user, kinds)
        for kind in wanted:
            give(session, event_id, kind, user)
    return wanted


@dataclass(frozen=True, slots=True)
class KeyHolder:
    """A person, and what of one event the person can open, or could be given."""

    user_id: str
    profile: Profile
    is_disabled: bool
    #: kinds of files, or "identity", that are sealed to the person
    holds: tuple[str, ...]
    #: those of the event that the profile permits now
    may_hold: tuple[str, ...]


def event_key_holders(archive: Archive, event: str) -> list[KeyHolder]:
    """Return who can open what of an event, and to whom more could be given.

    Raises
    ------
    NotAllowed
        If the profile may not give keys.
    """
    with acting_on(archive, event, Action.GRANT, detail="list") as (session, found):
        event_id = found.event_id
        stated = session.stated_keys([f"sealed_keys {event_id}"])
        present = {row.role for row in session.catalog.contents.files(event_id)} | {IDENTITY}
        return [
            KeyHolder(
                user.user_id,
                user.profile,
                user.is_disabled,
                tuple(stated.kinds(event_id, user.user_id)),
                tuple(
                    kind
                    for kind in KINDS
                    if kind in present and may_hold(session, event_id, kind, user.profile)
                ),
            )
            for user in session.vouched_users()
        ]


def may_hold(session: Session, event_id: str, kind: str, profile: Profile) -> bool:
    """Return whether a profile permits to open one kind of file of an event."""
    if kind == IDENTITY:
        return is_allowed(profile, Action.READ_IDENTITY)
    if kind not in ROLES:
        return False
    role = ROLES[kind]
    released = role.read_unreleased is not None and session.is_released(event_id)
    return is_allowed(profile, role.read_action(is_released=released))


def give(session: Session, event_id: str, kind: str, user: User) -> None:
    """Seal one kind of file to a user for whom the log vouches; the caller has asked.

    Raises
    ------
    WrongState
        If the user has a profile since that does not permit it.
    """
    with session.catalog.transaction():  # nobody gets another key or profile in between
        present = session.vouched_user(user.user_id)
        if not may_hold(session, event_id, kind, present.profile):
            raise WrongState(
                f"{user.user_id} is {present.profile} now, and that profile may not open {kind} of "
                f"event {event_id}"
            )
        seal_to(session, event_id, kind, PublicKey(present.public_key))
        note_reader(session, event_id, kind, user.user_id)


def seal_to(session: Session, event_id: str, kind: str, reader: PublicKey) -> None:
    """Seal one kind of file to a public key; the catalog's grants are the caller's."""
    keys = session.identity.keys
    with session.catalog.transaction():  # nobody grants in between
        for name in sealed_names(session, event_id, kind):
            sealed = session.catalog.events.get_sealed(event_id, name)
            sealed = add_readers(sealed, keys, [reader], names_associated_data(event_id, name))
            session.catalog.events.put_sealed(event_id, name, sealed)
    for file in files_of(session, event_id, kind):
        change_keys(session, file, partial(_granted, session, reader))


def _permitted(session: Session, event_id: str, user: User, kinds: list[str] | None) -> list[str]:
    present = {row.role for row in session.catalog.contents.files(event_id)} | {IDENTITY}
    for kind in kinds or ():
        if kind not in present:
            raise SettingsError(
                f"event {event_id} has no {kind}; it has {', '.join(sorted(present))}"
            )
        if not may_hold(session, event_id, kind, user.profile):
            raise SettingsError(
                f"{user.user_id} is {user.profile}, and that profile may not open {kind} of event "
                f"{event_id} as it is now"
            )
    asked = kinds or [kind for kind in KINDS if kind in present]
    return [kind for kind in asked if may_hold(session, event_id, kind, user.profile)]


def _granted(session: Session, reader: PublicKey, old: KeyFile) -> KeyFile:
    if old.entry_for(reader) is not None:
        return old
    return grant_key(old, session.key_for(old), [reader])
