"""Users: add, change password or profile, disable."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from recorder_core.archive import (
    DEFAULT_COST,
    Argon2Settings,
    Password,
    PrivateKey,
    WrappedKey,
    change_password,
    check_new_password,
    check_signature,
    verify_key_of,
    wrap_private_key,
)
from recorder_core.catalog import Action, Actor, Catalog, Profile, User
from recorder_core.catalog.model.codes import RECOVERY_USER_ID, check_new_user_id
from recorder_core.errors import NoKeyMatches, SettingsError, WrongState
from recorder_core.jobs.archive.access.founding import check_proof, introduce_recovery
from recorder_core.jobs.archive.access.identity import recovery_key_of
from recorder_core.jobs.archive.access.session import Session
from recorder_core.jobs.archive.access.stated_settings import settings_of
from recorder_core.jobs.archive.access.trust import Trust, look_up_trust, trusted_folders
from recorder_core.jobs.archive.acting import acting, session_of
from recorder_core.jobs.archive.archive import Archive
from recorder_core.jobs.archive.people.granting import may_hold
from recorder_core.jobs.archive.people.revoking import held_kinds, take_back
from recorder_core.jobs.archive.place.catalog_opening import followed_catalog
from recorder_core.jobs.archive.place.finding import find_archive
from recorder_core.jobs.archive.place.folders import write_info
from recorder_core.jobs.archive.place.reconciling import know_place, reconcile

__all__ = [
    "add_user",
    "change_own_password",
    "disable_user",
    "list_users",
    "recover_access",
    "set_password_cost",
    "set_profile",
]


def recover_access(
    path: Path, words: str, user_id: str, password: Password, *, unproven: bool = False
) -> User:
    """Add an administrator with the recovery words, where no password is known any more.

    Parameters
    ----------
    path : Path
        The archive's folder.
    words : str
        The twelve words on paper.
    user_id, password : str, Password
        Of the new administrator.
    unproven : bool, default False
        Believe a log for which the recovery key does not vouch.

    Raises
    ------
    NoKeyMatches
        If the words are wrong, or another archive's.
    AuditError
        If the recovery key does not vouch for the log.
    """
    check_new_user_id(user_id)
    check_new_password(password, user_id)
    folders = know_place(find_archive(path))
    reconcile(folders)
    with followed_catalog(folders) as catalog:
        trust = look_up_trust(catalog)
        folders = trusted_folders(folders, trust)
        detail = f"unlock add:{user_id}"
        actor = Actor(RECOVERY_USER_ID, Profile.ADMINISTRATOR)
        try:
            recovery = recovery_key_of(folders, words)
        except NoKeyMatches:
            refusal = f"{detail} error:NoKeyMatches"
            catalog.audit.append(actor, Action.MANAGE_USERS, outcome="refused", detail=refusal)
            raise
        if not unproven:
            check_proof(catalog, trust, recovery)
        catalog.refuse_unstated(trust.row_hash, check_signature)
        actor = introduce_recovery(catalog, trust, actor, recovery)
        with catalog.audited(actor, Action.MANAGE_USERS, detail=detail):
            wrap = _wrapping(password, folders.info.cost, trust)
            user = _add(catalog, user_id, Profile.ADMINISTRATOR, wrap)
        recovery.wipe()
    return user


def list_users(archive: Archive) -> list[User]:
    """Return every user."""
    with acting(archive, Action.MANAGE_USERS, detail="list") as session:
        return session.catalog.users.all()


def add_user(archive: Archive, user_id: str, profile: Profile, password: Password) -> User:
    """Add a user with a key of their own.

    What is recorded from now on is sealed to the new key where the profile permits; what is
    there already has to be granted.

    Raises
    ------
    SettingsError
        If the login is taken or the password too short.
    """
    check_new_user_id(user_id)
    check_new_password(password, user_id)
    with acting(archive, Action.MANAGE_USERS, detail=f"add:{user_id} profile:{profile}") as session:
        wrap = _wrapping(password, session.folders.info.cost, session.identity.trust)
        return _add(session.catalog, user_id, profile, wrap)


def change_own_password(archive: Archive, old: Password, new: Password) -> None:
    """Wrap this person's private key under another password; no file is touched.

    Raises
    ------
    NoKeyMatches
        If the old password is another.
    SettingsError
        If the new one is too short.
    WrongState
        If it was changed at the same moment somewhere else.
    """
    session = session_of(archive)
    user = session.catalog.users.get(session.identity.actor.user_id)
    check_new_password(new, user.user_id)
    with session.audited(Action.CHANGE_OWN_PASSWORD):
        before = user.wrapped_private_key
        wrapped = change_password(
            WrappedKey.from_bytes(before), old, new, session.folders.info.cost
        )
        if not session.catalog.users.set_wrapped_private_key(
            user.user_id, wrapped.to_bytes(), instead_of=before
        ):
            raise WrongState("this password was changed meanwhile somewhere else; sign in again")


def set_profile(archive: Archive, user_id: str, profile: Profile) -> list[str]:
    """Change what a user may do, and take back the keys that the new profile does not open.

    Returns
    -------
    list of str
        "EVENT ROLE" of each key that was taken back.
    """
    with acting(
        archive, Action.MANAGE_USERS, detail=f"profile:{profile} user:{user_id}"
    ) as session:
        with session.catalog.transaction():  # of two administrators one stays
            _keep_an_administrator(session, user_id, profile)
            session.catalog.users.set_profile(user_id, profile)
        return _take_back_excess(session, user_id, profile)


def disable_user(archive: Archive, user_id: str, *, disabled: bool = True) -> User:
    """Refuse a user's sign-ins, or permit them again; keys stay sealed to the user.

    Raises
    ------
    SettingsError
        If nobody would be left to manage users.
    """
    word = "disable" if disabled else "enable"
    with (
        acting(archive, Action.MANAGE_USERS, detail=f"{word}:{user_id}") as session,
        session.catalog.transaction(),  # of two administrators one stays
    ):
        if disabled:
            _keep_an_administrator(session, user_id, None)
        return session.catalog.users.set_disabled(user_id, disabled)


def set_password_cost(archive: Archive, cost: Argon2Settings) -> None:
    """Set how much work a guess at a password costs; each user's key follows at sign-in.

    Raises
    ------
    SettingsError
        If it is less than this program's own choice.
    """
    text = f"{cost.memory_kib}/{cost.iterations}/{cost.lanes}"
    with acting(archive, Action.MANAGE_SETTINGS, detail=f"password_cost:{text}") as session:
        if cost.is_weaker_than(DEFAULT_COST):
            raise SettingsError(
                f"a guess at a password must cost at least {DEFAULT_COST.memory_kib >> 10} MiB and "
                f"{DEFAULT_COST.iterations} passes (RFC 9106, second recommended option)"
            )
        with session.changing_info() as now:
            folders = now.with_password_cost(cost)
            for root in folders.roots():
                write_info(root, folders.info)
            session.catalog.settings.put(settings_of(folders.info))
        session.moved_to(folders)


def _wrapping(
    password: Password, cost: Argon2Settings, trust: Trust
) -> Callable[[PrivateKey], WrappedKey]:
    """Return what wraps a key under a password, vouching for the archive's log."""
    return lambda key: wrap_private_key(key, password, cost, trust=trust.row_hash)


def _add(
    catalog: Catalog,
    user_id: str,
    profile: Profile,
    wrap: Callable[[PrivateKey], WrappedKey],
) -> User:
    _refuse_taken(catalog, user_id)
    key = PrivateKey.generate()
    try:
        wrapped, verify_key = wrap(key).to_bytes(), verify_key_of(key)
    finally:
        key.wipe()
    with catalog.transaction():  # nobody takes the login in between
        _refuse_taken(catalog, user_id)
        return catalog.users.add(
            user_id,
            profile,
            public_key=key.public_key.raw,
            wrapped_private_key=wrapped,
            verify_key=verify_key,
        )


def _refuse_taken(catalog: Catalog, user_id: str) -> None:
    if user_id in catalog.users.ids():
        raise SettingsError(f"there is already a user {user_id}; choose another login")


def _keep_an_administrator(session: Session, user_id: str, profile: Profile | None) -> None:
    session.catalog.users.get(user_id)
    others = [
        user
        for user in session.catalog.users.sound()
        if user.user_id != user_id
        and not user.is_disabled
        and user.profile is Profile.ADMINISTRATOR
    ]
    if not others and profile is not Profile.ADMINISTRATOR:
        raise SettingsError(
            f"{user_id} is the only administrator; make another one first, or nobody could "
            "manage this archive"
        )


def _take_back_excess(session: Session, user_id: str, profile: Profile) -> list[str]:
    stated, taken = session.stated_keys(["sealed_keys"]), []
    for event in session.catalog.events.find():
        for kind in held_kinds(session, stated, event.event_id, user_id):
            if may_hold(session, event.event_id, kind, profile):
                continue
            if take_back(session, stated, event.event_id, kind, user_id):
                taken.append(f"{event.event_id} {kind}")
    return taken
