"""To whom what an event holds stays sealed when it is taken in.

While the catalog did not know the event nobody could take its keys back: not for a new password,
not with another profile, not when its release ended. What the log says of people now counts, as
for what is imported. Taking out needs no key; who may open the event now, and could not before, is
granted it.
"""

from __future__ import annotations

from functools import reduce

from recorder_core.archive import KeyFile, PublicKey, revoke
from recorder_core.catalog import IDENTITY, Action, Profile, is_allowed
from recorder_core.errors import HeaderDamaged
from recorder_core.jobs.archive.access.session import Session
from recorder_core.jobs.archive.place.roles import ROLES
from recorder_core.jobs.archive.sealed_record import record_readers, remove_reader

__all__ = ["without_excess_keys", "without_excess_readers"]


def without_excess_keys(session: Session, key_file: KeyFile) -> KeyFile:
    """Return a key file without those who may not open its file now; inside a transaction.

    The recovery key stays, and keys of nobody whom the log states: `audit verify` names those.
    """
    identity = key_file.identity
    readers = [entry.public_key for entry in key_file.entries if not entry.is_recovery]
    excess = _excess(session, identity.event_id, identity.role, readers)
    return reduce(revoke, excess, key_file)


def without_excess_readers(session: Session, event_id: str, sealed: bytes) -> bytes:
    """Return sealed names or notes without those who may not read them; inside a transaction."""
    try:
        readers = record_readers(sealed)
    except HeaderDamaged:
        return sealed  # it opens for nobody
    excess = _excess(session, event_id, IDENTITY, readers)
    return reduce(remove_reader, excess, sealed)


def _excess(
    session: Session, event_id: str, kind: str, readers: list[PublicKey]
) -> list[PublicKey]:
    """Return the keys of people who have another one since, or whose profile may not hold it."""
    stated = session.stated_keys([f"sealed_keys {event_id}"])
    found = []
    for key in readers:
        owner = stated.owner(key)
        profile = None if owner is None else stated.profile(owner)
        if profile is None:
            continue
        if stated.is_superseded(key) or not _may_hold(profile, kind):
            found.append(key)
    return found


def _may_hold(profile: Profile, kind: str) -> bool:
    """Return whether a profile opens a kind of file of an event that is not released: none is."""
    is_name = kind == IDENTITY
    action = Action.READ_IDENTITY if is_name else ROLES[kind].read_action(is_released=False)
    return is_allowed(profile, action)
