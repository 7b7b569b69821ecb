"""A new password for somebody who forgot the old one.

The private key was wrapped under the old password alone and stays closed: that is what makes
the archive safe from its administrators. What can be kept is the login, the profile, and with
the recovery words everything the user could open: it is sealed again, to a new key.
"""

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass

from recorder_core.archive import (
    AttemptFile,
    Password,
    PrivateKey,
    PublicKey,
    check_new_password,
    verify_key_of,
    wrap_private_key,
)
from recorder_core.catalog import Action, EventState, SealedKey
from recorder_core.errors import (
    ArchiveError,
    CatalogError,
    NotInCatalog,
    SettingsError,
    WrongState,
)
from recorder_core.jobs.archive.access.session import Session
from recorder_core.jobs.archive.access.stated_keys import StatedKeys
from recorder_core.jobs.archive.acting import acting
from recorder_core.jobs.archive.archive import Archive
from recorder_core.jobs.archive.files.storing import note_reader
from recorder_core.jobs.archive.people.granting import seal_to
from recorder_core.jobs.archive.people.revoking import unseal_from
from recorder_core.jobs.archive.place.folders import ATTEMPTS_NAME

__all__ = ["RESET_NOTICE", "PasswordReset", "reset_password"]

#: what every interface shows before a password is reset
RESET_NOTICE = (
    "Nobody can open a private key without its password, so the user gets a new key. With the "
    "recovery words everything the user could open is sealed to it. Without them the user keeps "
    "the login and the profile only, until a reviewer grants the keys again with 'workbench "
    "grant'. "
    "A user who knows the old password changes it with 'workbench user passwd' and keeps the key."
)


@dataclass(frozen=True, slots=True)
class PasswordReset:
    """What a user with a new key can open.

    Attributes
    ----------
    sealed : tuple of str
        "EVENT KIND" of what was sealed to the new key.
    closed : tuple of str
        "EVENT KIND" of what the user could open and cannot any more.
    """

    sealed: tuple[str, ...]
    closed: tuple[str, ...]


def reset_password(
    archive: Archive, user_id: str, password: Password, *, keep_access: bool = True
) -> PasswordReset:
    """Set a new password and a new key for a user.

    An interruption leaves the user with the old key; repeat it then.

    Parameters
    ----------
    archive : Archive
        Open, for an administrator; with the recovery words if access is kept.
    user_id : str
        Who forgot the password.
    password : Password
        The new one.
    keep_access : bool, default True
        Seal to the new key what the old one opened.

    Raises
    ------
    NotAllowed
        Unless an administrator asks.
    SettingsError
        If the recovery words are needed and were not given, if it is the administrator's own
        password, or if the new one is too short.
    NotInCatalog
        If there is no such user.
    WrongState
        If another administrator did the same meanwhile.
    """
    kept = "sealed_again" if keep_access else "closed"
    with acting(archive, Action.MANAGE_USERS, detail=f"new_key:{user_id} access:{kept}") as session:
        held = _held(session, user_id)
        _check(session, user_id, keep_access=keep_access)
        check_new_password(password, user_id)
        key = PrivateKey.generate()
        try:
            trust, verify_key = session.identity.trust.row_hash, verify_key_of(key)
            wrapped = wrap_private_key(key, password, session.folders.info.cost, trust=trust)
        finally:
            key.wipe()
        sealed = [one for one in held if keep_access and _seal(session, one, key.public_key)]
        old = PublicKey(session.catalog.users.get(user_id).public_key)
        closed = [one for one in held if one not in sealed]
        for one in closed:
            _close(session, one, old)
        with session.catalog.transaction():  # of two new passwords one is the user's
            _refuse_renewed(session, user_id, old)
            session.catalog.users.set_keys(
                user_id,
                public_key=key.public_key.raw,
                wrapped_private_key=wrapped.to_bytes(),
                verify_key=verify_key,
            )
        for one in sealed:
            with session.catalog.transaction():  # nobody enters a file in between
                # what was entered since is sealed to the old key alone
                _seal(session, one, key.public_key)
                unseal_from(session, one.event_id, one.key_name, [old])
                note_reader(session, one.event_id, one.key_name, user_id)
        # what somebody gave to the old key meanwhile; from now on the new one is given to
        late = [one for one in _held(session, user_id) if one not in sealed]
        for one in late:
            _close(session, one, old)
        _forget_attempts(session, user_id)
    lost = dict.fromkeys(map(_name, [*closed, *late]))
    return PasswordReset(tuple(map(_name, sealed)), tuple(lost))


def _held(session: Session, user_id: str) -> list[SealedKey]:
    """Return what a user can open, as the signed log has it; a row that is lost counts, too."""
    session.vouched_user(user_id)
    stated = session.stated_keys(["sealed_keys"])
    live = [
        event.event_id
        for event in session.catalog.events.find()
        if event.state is not EventState.DELETED
    ]
    return [
        SealedKey(
            event_id=event_id, key_name=kind, recipient_kind="user", recipient=user_id, sealed=b""
        )
        for event_id in live
        for kind in stated.kinds(event_id, user_id)
        if not _is_edited(session, stated, event_id, kind, user_id)
    ]


def _is_edited(
    session: Session, stated: StatedKeys, event_id: str, kind: str, user_id: str
) -> bool:
    """Return whether a row of the catalog is there and is not what the log states."""
    keys = session.catalog.grants.keys(event_id, kind)
    is_there = ("user", user_id) in {(key.recipient_kind, key.recipient) for key in keys}
    return is_there and f"sealed_keys {event_id} {kind} user {user_id}" in stated.wrong


def _check(session: Session, user_id: str, *, keep_access: bool) -> None:
    if user_id == session.identity.actor.user_id:
        raise SettingsError("this is your own password: change it, and keep your key")
    if keep_access and not session.identity.has_recovery_key:
        raise SettingsError(
            f"what {user_id} can open is sealed again with the recovery words: give them too, or "
            "declare that the user loses it"
        )


def _refuse_renewed(session: Session, user_id: str, old: PublicKey) -> None:
    if session.catalog.users.get(user_id).public_key != old.raw:
        raise WrongState(
            f"{user_id} got another new password meanwhile, which counts; repeat this if it is not "
            "the one that was meant"
        )


def _seal(session: Session, held: SealedKey, reader: PublicKey) -> bool:
    """Seal to the new key what the old one opened; False where that is lost or damaged."""
    try:
        seal_to(session, held.event_id, held.key_name, reader)
    except (ArchiveError, CatalogError):
        return False
    return True


def _close(session: Session, held: SealedKey, old: PublicKey) -> None:
    """Enter that the user cannot open this any more."""
    by = session.identity.actor.user_id
    with session.catalog.transaction():  # nobody grants in between
        with suppress(ArchiveError):  # a key file that is lost holds no key to remove
            unseal_from(session, held.event_id, held.key_name, [old])
        with suppress(NotInCatalog):  # its row is lost
            session.catalog.grants.take_back(
                held.event_id, held.key_name, held.recipient_kind, held.recipient, by=by
            )


def _forget_attempts(session: Session, user_id: str) -> None:
    attempts = AttemptFile(session.folders.primary / ATTEMPTS_NAME)
    with attempts.locked(user_id):
        attempts.forget(user_id)


def _name(held: SealedKey) -> str:
    return f"{held.event_id} {held.key_name}"
