"""Make the row on which the trust in an archive rests, and what vouches for it."""

from __future__ import annotations

from dataclasses import replace
from functools import partial
from typing import Final

from recorder_core.archive import (
    Password,
    PrivateKey,
    WrappedKey,
    change_password,
    check_signature,
    sign_text,
    verify_key_of,
    wrap_private_key,
)
from recorder_core.catalog import (
    Action,
    Actor,
    Catalog,
    Profile,
)
from recorder_core.errors import AuditError
from recorder_core.jobs.archive.access.stated_settings import mirror_setting, settings_of
from recorder_core.jobs.archive.access.trust import RECOVERY_VERIFY_KEY, TRUST, Trust
from recorder_core.jobs.archive.place.folders import ArchiveInfo, Folders

__all__ = [
    "TRUST_PROOF",
    "check_proof",
    "found_trust",
    "introduce",
    "introduce_recovery",
    "proof_of",
    "signing",
]

#: setting that shows to who has the recovery words alone which row that is
TRUST_PROOF: Final = "trust_proof"
#: what the recovery key signs: no row of the log has such a text
_PROVEN: Final = "trust {}"


def signing(actor: Actor, key: PrivateKey) -> Actor:
    """Return who acts, able to sign the rows of the log."""
    return replace(actor, sign=partial(sign_text, key))


def found_trust(
    catalog: Catalog,
    info: ArchiveInfo,
    administrator: str,
    password: Password,
    recovery: PrivateKey,
) -> str:
    """Make the first user of a new archive, and the row on which its trust rests.

    Parameters
    ----------
    catalog : Catalog
        New and empty.
    info : ArchiveInfo
        The settings.
    administrator : str
        Login of the first user.
    password : Password
        Of the first user.
    recovery : PrivateKey
        From the recovery words.

    Returns
    -------
    str
        Hash of the row.
    """
    key = PrivateKey.generate()
    actor = signing(Actor(administrator, Profile.ADMINISTRATOR), key)
    detail = f"first:{administrator}"
    with catalog.audited(actor, Action.MANAGE_USERS, detail=detail), catalog.transaction():
        catalog.users.add(
            administrator,
            Profile.ADMINISTRATOR,
            public_key=key.public_key.raw,
            wrapped_private_key=b"",
            verify_key=verify_key_of(key),
        )
        known = {RECOVERY_VERIFY_KEY: verify_key_of(recovery).hex()}
        catalog.settings.put(settings_of(info) | mirror_setting(info) | known)
        row_hash = catalog.audit.state_now().hash
        wrapped = wrap_private_key(key, password, info.cost, trust=row_hash)
        catalog.users.set_wrapped_private_key(administrator, wrapped.to_bytes(), instead_of=b"")
        catalog.settings.put({TRUST: row_hash} | proof_of(row_hash, recovery))
    key.wipe()
    return row_hash


def proof_of(row_hash: str, recovery: PrivateKey) -> dict[str, str]:
    """Return the setting with which the recovery key vouches for the row on which trust rests."""
    return {TRUST_PROOF: sign_text(recovery, _PROVEN.format(row_hash))}


def check_proof(catalog: Catalog, trust: Trust, recovery: PrivateKey) -> None:
    """Refuse a catalog for which the recovery key does not vouch.

    Whoever can write to all disks can make catalog, log and anchors anew, but not this
    signature.

    Raises
    ------
    AuditError
        If the signature is missing or another's, or if it is not known which recovery key counts.
    """
    trust.check_recovery_key()
    proof = catalog.settings.all().get(TRUST_PROOF, "")
    if check_signature(verify_key_of(recovery), proof, _PROVEN.format(trust.row_hash)):
        return
    raise AuditError(
        "nothing shows that the log is the one of these recovery words: the catalog was exchanged, "
        "or it was made by an earlier version and no administrator has given the words since; "
        "nothing was changed. Compare the log with a head that was kept elsewhere, and only if it "
        "is the right one give --unproven"
    )


def introduce(
    catalog: Catalog, folders: Folders, actor: Actor, key: PrivateKey, password: Password
) -> Actor:
    """Enable a user of an archive of an earlier program to sign, and vouch for the log.

    The first administrator who signs in states everything that is in the catalog; that row is
    what trust rests on from then on.

    Returns
    -------
    Actor
        Able to sign; as before while no administrator has signed in.
    """
    user = catalog.users.get(actor.user_id)
    wrapped = WrappedKey.from_bytes(user.wrapped_private_key)
    row_hash = wrapped.trust or catalog.settings.all().get(TRUST, "")
    if wrapped.trust or not (row_hash or actor.profile is Profile.ADMINISTRATOR):
        return signing(actor, key) if row_hash else actor
    if user.verify_key and user.verify_key != verify_key_of(key):
        raise AuditError(
            f"the catalog has another key to check the signatures of {actor.user_id}: it was "
            "changed outside this program; have an administrator run 'workbench audit verify'"
        )
    actor = signing(actor, key)
    catalog.refuse_unstated(row_hash, check_signature)
    with catalog.transaction():
        if not row_hash:
            row_hash = _adopt(catalog, folders, actor, key)
        again = change_password(wrapped, password, password, wrapped.settings, trust=row_hash)
        with catalog.audit.acting(actor, Action.REWRAP_OWN_KEY):
            catalog.users.set_verify_key(actor.user_id, verify_key_of(key))
            catalog.users.set_wrapped_private_key(
                actor.user_id, again.to_bytes(), instead_of=user.wrapped_private_key
            )
            catalog.audit.state_now()
    return actor


def introduce_recovery(catalog: Catalog, trust: Trust, actor: Actor, recovery: PrivateKey) -> Actor:
    """Log the key that checks signatures made with the recovery words, if it is not logged yet.

    Parameters
    ----------
    catalog : Catalog
        Open.
    trust : Trust
        What the log says.
    actor : Actor
        An administrator who can sign, or nobody but the words: then it signs for itself.
    recovery : PrivateKey
        From the words.

    Returns
    -------
    Actor
        Able to sign.
    """
    if not trust.row_hash:
        return actor
    actor = actor if actor.sign else signing(actor, recovery)
    known = {RECOVERY_VERIFY_KEY: verify_key_of(recovery).hex()}
    known |= proof_of(trust.row_hash, recovery)
    if not known.keys() <= trust.settings().keys():
        with catalog.audit.acting(actor, Action.MANAGE_USERS):
            catalog.settings.put(known)
    return actor


def _adopt(catalog: Catalog, folders: Folders, actor: Actor, key: PrivateKey) -> str:
    """State everything that is in the catalog of an earlier program; return the row's hash."""
    with catalog.audit.acting(actor, Action.MANAGE_SETTINGS):
        catalog.users.set_verify_key(actor.user_id, verify_key_of(key))
        catalog.settings.put(settings_of(folders.info))
        row_hash = catalog.audit.state_now(catalog.present()).hash
        catalog.settings.put({TRUST: row_hash})
        catalog.audit.state_now()
    return row_hash
