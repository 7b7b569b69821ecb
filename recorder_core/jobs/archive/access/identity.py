"""Who opens an archive: what a person gives, and what comes of it."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import datetime

from recorder_core.archive import (
    AttemptFile,
    DelaySettings,
    Password,
    PrivateKey,
    WrappedKey,
    change_password,
    check_signature,
    recovery_key_from_words,
    sign_in as try_password,
)
from recorder_core.catalog import Action, Actor, Catalog, Profile, User
from recorder_core.catalog.audit.anchors import EMPTY_HEAD, AuditHead
from recorder_core.catalog.model.codes import UNKNOWN_USER_ID
from recorder_core.errors import NoKeyMatches, NotAllowed, NotInCatalog, SignInDelayed
from recorder_core.jobs.archive.access.founding import introduce, introduce_recovery, signing
from recorder_core.jobs.archive.access.stated_settings import cost_text
from recorder_core.jobs.archive.access.trust import Trust, log_fault, look_up_trust, trusted_folders
from recorder_core.jobs.archive.place.folders import ATTEMPTS_NAME, INFO_NAME, Folders
from recorder_core.model.values.phrase import phrase

__all__ = ["Credentials", "Handed", "Identity", "carry_on", "recovery_key_of", "sign_in"]

_USER_ID = re.compile(r"[a-z0-9][a-z0-9._-]{0,31}")


@dataclass(frozen=True, slots=True)
class Credentials:
    """What a person gives to open an archive.

    Attributes
    ----------
    user_id : str
        The login.
    password : Password
        What was typed; whoever made it wipes it.
    recovery_words : str, callable or None
        The twelve words on paper, for an administrator who gives keys to others. A callable is
        asked once the password is right: it gets the profile, and returns them, or None.
    """

    user_id: str
    password: Password
    recovery_words: str | Callable[[Profile], str | None] | None = field(default=None, repr=False)

    def words_of(self, profile: Profile) -> str | None:
        """Return the recovery words that somebody of a profile gives."""
        given = self.recovery_words
        return given(profile) if callable(given) else given


@dataclass(frozen=True, slots=True)
class Identity:
    """A person who signed in, with the keys that open what the person may read.

    Attributes
    ----------
    actor : Actor
        For the profile and the audit log.
    keys : tuple of PrivateKey
        The person's own, then the recovery key where its words were given.
    trust : Trust
        What is authentic of the catalog's people and settings.
    log_fault : str
        Why the log cannot be believed; empty if it can. Nothing is given to anybody then.
    """

    actor: Actor
    keys: tuple[PrivateKey, ...] = field(repr=False)
    trust: Trust = field(repr=False)
    log_fault: str = ""

    @property
    def has_recovery_key(self) -> bool:
        """Whether the recovery words were given too."""
        return len(self.keys) > 1

    def hand(self) -> Handed:
        """Return what another process of this person needs; the key stays this one's to wipe."""
        return Handed(
            self.actor.user_id, self.keys[0], self.trust.row_hash, self.actor.origin or "local"
        )

    def wipe(self) -> None:
        """Forget the keys."""
        for key in self.keys:
            key.wipe()


@dataclass(frozen=True, slots=True)
class Handed:
    """What lets another process act as a person who signed in, without the password.

    Attributes
    ----------
    user_id : str
        The login.
    key : PrivateKey
        The person's own; never the recovery key.
    trust_hash : str
        Of the row on which trust rests, as the person's key vouches for it.
    origin : str
        Where the person is, for the log.
    """

    user_id: str
    key: PrivateKey = field(repr=False)
    trust_hash: str
    origin: str


def carry_on(
    catalog: Catalog, handed: Handed, *, detail: str, checked: AuditHead = EMPTY_HEAD
) -> Identity:
    """Return who signed in in another process, as the log knows the person now.

    Parameters
    ----------
    catalog : Catalog
        Open.
    handed : Handed
        From the other process.
    detail : str
        For the log: what this is for.
    checked : AuditHead
        Up to there every row is known to be as written.

    Raises
    ------
    NotAllowed
        If the user is disabled, or has other keys since.
    """
    user = catalog.users.get(handed.user_id)
    actor = _actor(user, handed.origin)
    try:
        trust = look_up_trust(catalog, handed.trust_hash)
        actor = replace(actor, profile=trust.profile(user, handed.key))
        catalog.actor(user.user_id)  # says of an archive of an earlier program who is disabled
    except NotAllowed as error:
        detail = f"{detail} error:{type(error).__name__}"
        catalog.audit.append(actor, Action.LOG_IN, outcome="refused", detail=detail)
        raise
    actor = signing(actor, handed.key) if trust.row_hash else actor
    catalog.audit.append(actor, Action.LOG_IN, detail=detail)
    catalog.refuse_unstated(trust.row_hash, check_signature)
    return Identity(actor, (handed.key,), trust, log_fault(catalog, trust, checked))


def sign_in(
    folders: Folders,
    catalog: Catalog,
    credentials: Credentials,
    *,
    origin: str,
    delays: DelaySettings,
    clock: Callable[[], datetime],
    checked: AuditHead = EMPTY_HEAD,
) -> Identity:
    """Check a password, and log who signed in or was refused.

    A key that was wrapped at another cost than the archive asks for now is wrapped again. The rows
    of the log up to `checked` were read just before and are not hashed again.

    Raises
    ------
    NoKeyMatches
        If the user or the password is wrong.
    SignInDelayed
        If the last failures are too recent.
    NotAllowed
        If the user is disabled.
    """
    user = _find(catalog, credentials.user_id)
    actor = _actor(user, origin)
    known = credentials.user_id if _USER_ID.fullmatch(credentials.user_id) else UNKNOWN_USER_ID
    try:
        wrapped = WrappedKey.from_bytes(user.wrapped_private_key) if user else None
        key = try_password(
            AttemptFile(folders.primary / ATTEMPTS_NAME, beside=INFO_NAME),
            known if not origin.startswith("web:") else f"{known}@{origin}",
            wrapped,
            credentials.password,
            delays=delays,
            cost=folders.info.cost,
            clock=lambda: clock().timestamp(),
        )
        identity = _identify(folders, catalog, credentials, key, origin, checked=checked)
    except (NoKeyMatches, SignInDelayed, NotAllowed) as error:
        detail = f"error:{type(error).__name__}"
        catalog.audit.append(actor, Action.LOG_IN, outcome="refused", detail=detail)
        raise
    detail = "with:recovery-key" if identity.has_recovery_key else ""
    catalog.audit.append(identity.actor, Action.LOG_IN, detail=detail)
    catalog.refuse_unstated(identity.trust.row_hash, check_signature)
    if identity.has_recovery_key and identity.actor.profile is Profile.ADMINISTRATOR:
        introduce_recovery(catalog, identity.trust, identity.actor, identity.keys[-1])
    if identity.trust.vouches_for(catalog.users.get(identity.actor.user_id)):
        _keep_cost(
            trusted_folders(folders, identity.trust), catalog, identity.actor, credentials.password
        )
    return identity


def _identify(
    folders: Folders,
    catalog: Catalog,
    credentials: Credentials,
    key: PrivateKey,
    origin: str,
    *,
    checked: AuditHead,
) -> Identity:
    """Return who gave the right password, as the signed rows of the log know that person."""
    actor = catalog.actor(credentials.user_id, origin=origin)
    actor = introduce(catalog, folders, actor, key, credentials.password)
    user = catalog.users.get(actor.user_id)
    trust = look_up_trust(catalog, WrappedKey.from_bytes(user.wrapped_private_key).trust)
    actor = replace(actor, profile=trust.profile(user, key))
    words = credentials.words_of(actor.profile)
    keys = (key, *_recovery_keys(trusted_folders(folders, trust), words))
    return Identity(actor, keys, trust, log_fault(catalog, trust, checked))


def _keep_cost(folders: Folders, catalog: Catalog, actor: Actor, password: Password) -> None:
    """Wrap a user's key again if the archive asks for another cost of a guess now."""
    user = catalog.users.get(actor.user_id)
    cost, wrapped = folders.info.cost, WrappedKey.from_bytes(user.wrapped_private_key)
    if not wrapped.needs_rewrap(cost):
        return
    old, new = cost_text(wrapped.settings), cost_text(cost)
    with catalog.audited(actor, Action.REWRAP_OWN_KEY, detail=f"from:{old} to:{new}"):
        again = change_password(wrapped, password, password, cost)
        # one that was changed by another process meanwhile is newer, and stays
        catalog.users.set_wrapped_private_key(
            user.user_id, again.to_bytes(), instead_of=user.wrapped_private_key
        )


def _find(catalog: Catalog, user_id: str) -> User | None:
    try:
        return catalog.users.get(user_id)
    except NotInCatalog:
        return None


def _actor(user: User | None, origin: str) -> Actor:
    if user is None:
        # the least profile: the row says that nobody was let in
        return Actor(UNKNOWN_USER_ID, Profile.ENGINEER, origin)
    return Actor(user.user_id, user.profile, origin)


def _recovery_keys(folders: Folders, words: str | None) -> tuple[PrivateKey, ...]:
    return () if words is None else (recovery_key_of(folders, words),)


def recovery_key_of(folders: Folders, words: str) -> PrivateKey:
    """Return an archive's recovery key; NoKeyMatches if the words are wrong or another's."""
    key = recovery_key_from_words(words)
    if key.public_key != folders.info.recovery:
        raise NoKeyMatches(
            phrase(
                "words_other",
                "these are the recovery words of another archive, or were renewed since",
            )
        )
    return key
