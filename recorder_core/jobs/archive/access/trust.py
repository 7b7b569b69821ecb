"""On what the trust in an archive rests, and what of its people and settings is authentic.

One row of the audit log states the first administrator and the settings; its hash is sealed
into everybody's wrapped private key, which nobody changes without the password. From that row
on the log is signed, so that who can write to the disks, but has no key, can make nothing
that counts: not a user, not a public key, not another recovery key.
"""

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass, replace
from typing import Final

from recorder_core.archive import (
    Argon2Settings,
    PrivateKey,
    WrappedKey,
    check_signature,
)
from recorder_core.catalog import (
    EMPTY_HEAD,
    AuditHead,
    AuditRow,
    Catalog,
    Ledger,
    Profile,
    User,
    hash_row,
)
from recorder_core.catalog.audit.ledger_reader import PEOPLE
from recorder_core.catalog.database.statements import stated_value
from recorder_core.catalog.settings import HAS_MIRROR
from recorder_core.errors import ArchiveError, AuditError, NotAllowed
from recorder_core.jobs.archive.place.folders import Folders
from recorder_core.model.values.phrase import phrase

__all__ = [
    "RECOVERY_VERIFY_KEY",
    "TRUST",
    "Trust",
    "log_fault",
    "look_up_trust",
    "trusted_folders",
    "wrong_rows",
]

#: setting that names the row on which trust rests, for those whose key does not say so yet
TRUST: Final = "trust"
#: setting that checks what is signed with the recovery words
RECOVERY_VERIFY_KEY: Final = "recovery_verify_key"


@dataclass(frozen=True, slots=True)
class Trust:
    """What the signed rows of the log say of people and settings.

    Attributes
    ----------
    row_hash : str
        Of the row on which trust rests; empty in an archive of an earlier program before an
        administrator has signed in.
    ledger : Ledger
        What was stated.
    wrong : dict of str
        Row of the catalog -> a sentence, where the catalog says something else.
    was_restored : bool
        Whether this archive was made of a backup, and had no mirror set since.
    """

    row_hash: str
    ledger: Ledger
    wrong: dict[str, str]
    was_restored: bool = False

    @property
    def faults(self) -> tuple[str, ...]:
        """What is wrong, in sentences."""
        unsigned = [finding.sentence for finding in self.ledger.findings]
        return (*unsigned, *self.wrong.values())

    def vouches_for(self, user: User) -> bool:
        """Return whether a user of the catalog is what an administrator signed."""
        return not self.row_hash or f"users {user.user_id}" not in self.wrong

    def profile(self, user: User, key: PrivateKey) -> Profile:
        """Return what a user may do, by the log rather than the catalog.

        Parameters
        ----------
        user : User
            As the catalog has it.
        key : PrivateKey
            Of the user, who gave the password.

        Raises
        ------
        NotAllowed
            If the log knows no such user, has the user disabled, or states other keys.
        """
        if not self.row_hash:
            return user.profile
        stated = self.ledger.facts.get(f"users {user.user_id}")
        if stated is None:
            raise NotAllowed("this user was put into the catalog without an entry in the log")
        if f"users {user.user_id}" in self.ledger.doubts:
            raise NotAllowed(
                f"users {user.user_id} {self.ledger.doubts[f'users {user.user_id}'].sentence}, so "
                "it is not known what this user may do; run 'workbench mirror repair' as another "
                "user, restore the catalog from a backup, or have another administrator accept it "
                "with 'workbench audit accept-break'"
            )
        found = (key.public_key.raw.hex(), stated_value(user.wrapped_private_key))
        if found != (stated["public_key"], stated["wrapped_private_key"]):
            raise NotAllowed(
                "the log states other keys for this user: older ones were put back into the "
                "catalog; restore it from the mirror or a backup"
            )
        if stated["is_disabled"]:
            raise NotAllowed(phrase("user_disabled", "this user is disabled; ask an administrator"))
        return Profile(str(stated["profile"]))

    def check_recovery_key(self) -> None:
        """Raise AuditError if it is not known to which recovery key is sealed now."""
        for name in ("recovery_public_key", RECOVERY_VERIFY_KEY):
            doubt = self.ledger.doubts.get(f"settings {name}")
            if doubt is not None:
                raise AuditError(
                    f"settings {name} {doubt.sentence}, so it is not known which recovery words "
                    "count, and nothing is sealed to them: have an administrator run 'workbench "
                    "mirror repair', or restore the catalog from a backup"
                )

    def settings(self) -> dict[str, str]:
        """Return the settings as they were stated."""
        prefix = "settings "
        return {
            name.removeprefix(prefix): str(values["value"])
            for name, values in self.ledger.facts.items()
            if name.startswith(prefix) and values
        }


def look_up_trust(catalog: Catalog, row_hash: str = "") -> Trust:
    """Return what is authentic of people and settings.

    Parameters
    ----------
    catalog : Catalog
        Open.
    row_hash : str, optional
        The row that a user's own key vouches for; where nobody has signed in, the one that
        the catalog names.

    Raises
    ------
    AuditError
        If the log is not the one that the key vouches for.
    """
    named = [row_hash] if row_hash else _named_rows(catalog)
    if not any(named):
        return Trust("", Ledger(), {})
    found = ((each, *catalog.people_and_present(each, check_signature)) for each in named if each)
    known = next((each for each in found if each[1].ledger.facts), None)
    if known is None:
        raise AuditError(
            "the audit log is not the one that this user's key vouches for: the catalog was "
            "exchanged; restore the right one from the mirror or a backup"
        )
    row_hash, stated, present = known
    wrong = stated.ledger.differences(present, PEOPLE)
    return Trust(row_hash, stated.ledger, wrong, stated.was_restored)


def _named_rows(catalog: Catalog) -> list[str]:
    """Return the rows on which trust may rest: the setting, and what each user's key names.

    The setting may be damaged. What a key names shows nothing until its password is given, or the
    recovery key vouches for it.
    """
    named = [catalog.settings.all().get(TRUST, "")]
    for wrapped in catalog.users.wrapped_private_keys():
        with suppress(ArchiveError):
            named.append(WrappedKey.from_bytes(wrapped).trust)
    return list(dict.fromkeys(named))


def log_fault(catalog: Catalog, trust: Trust, checked: AuditHead = EMPTY_HEAD) -> str:
    """Return in words why the log cannot be believed; empty if it can.

    Every row since the last break that an administrator accepted, in a row that states all that
    the catalog held, must follow the one before,
    and the newest signature must be right: it stands for all rows before it. So no row can be
    taken out of the log, however few of them are read afterwards.

    Parameters
    ----------
    catalog : Catalog
        Open.
    trust : Trust
        What was stated of the people who sign.
    checked : AuditHead
        Up to there every row is known to be as written.
    """
    if not trust.row_hash:
        return ""
    after = max(trust.ledger.accepted, checked, key=lambda head: head.seq)
    fault = catalog.audit.chain_fault(after)
    newest = catalog.audit.newest_signed()
    if not fault and (newest is None or not _is_signed(newest, trust.ledger)):
        fault = "the newest row of the audit log that bears a signature is not signed by that user"
    return fault


def _is_signed(row: AuditRow, ledger: Ledger) -> bool:
    key = ledger.verify_key(row.who)
    return bool(key) and check_signature(key, row.signature, hash_row(row))


def wrong_rows(catalog: Catalog, row_hash: str, rows: str) -> dict[str, str]:
    """Return the rows of the catalog that are not what was stated, each with a sentence.

    Parameters
    ----------
    catalog : Catalog
        Open.
    row_hash : str
        Of the row on which trust rests; nothing is wrong where nobody vouches for the archive.
    rows : str
        A protected table, or a table and the beginning of what names its rows.
    """
    if not row_hash:
        return {}
    table = rows.split(" ", maxsplit=1)[0]
    ledger, present = catalog.ledger_and_present(row_hash, check_signature, (*PEOPLE, rows))
    differences = ledger.differences(present, [table])
    return {
        name: sentence
        for name, sentence in differences.items()
        if f"{name} ".startswith(f"{rows} ")
    }


def trusted_folders(folders: Folders, trust: Trust) -> Folders:
    """Return the folders with the settings that were signed, whatever ``archive.json`` says.

    Raises
    ------
    NotAllowed
        If the archive is another one than the log's.
    """
    stated = trust.settings()
    if not trust.row_hash:
        return folders
    if stated.get("archive_id") != folders.info.archive_id:
        raise NotAllowed(
            f"{folders.primary} names another archive than its log does; put the archive.json of "
            "the mirror or of a backup in its place"
        )
    numbers = stated["password_cost"].split("/")
    cost = Argon2Settings(*map(int, numbers)) if stated["password_cost"] else None
    info = replace(
        folders.info,
        site_code=stated["site_code"],
        recovery_public_key=stated["recovery_public_key"],
        password_cost=cost,
    )
    lacks_mirror = stated.get(HAS_MIRROR) == "yes" and not info.mirror and not trust.was_restored
    return replace(folders, info=info, lacks_mirror=lacks_mirror)
