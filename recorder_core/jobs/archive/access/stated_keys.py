"""To whom keys belong, and who holds which, as the signed rows of the log state it.

A row of the catalog can be damaged, or edited beside this program. Keys are therefore given, kept
and taken back by what was signed, and a row that says something else is named.
"""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress
from typing import Final

from recorder_core.archive import PublicKey, check_signature
from recorder_core.catalog import Catalog, EventFile, Ledger, Profile
from recorder_core.catalog.audit.ledger_reader import PEOPLE
from recorder_core.catalog.database.statements import stated_value
from recorder_core.errors import SettingsError

__all__ = ["KEY_TABLES", "StatedKeys"]

#: tables that say who opens what
KEY_TABLES: Final = ("files", "grants", "sealed_keys")


class StatedKeys:
    """Who has which key, and what each opens.

    Parameters
    ----------
    catalog : Catalog
        Open.
    row_hash : str
        Of the row on which trust rests; in an archive of an earlier program, which nobody has
        signed yet, it is empty and the catalog counts.
    rows : sequence of str, optional
        Tables, or tables and the beginning of what names their rows, besides the people.

    Attributes
    ----------
    wrong : dict of str
        Row of the catalog -> a sentence, where the catalog says something else than the log.
    """

    def __init__(self, catalog: Catalog, row_hash: str, rows: Sequence[str] = KEY_TABLES) -> None:
        wanted = (*PEOPLE, *rows)
        if row_hash:
            self._ledger, present = catalog.ledger_and_present(row_hash, check_signature, wanted)
        else:
            self._ledger, present = Ledger(), catalog.present(wanted)
            self._ledger.state(present)
        tables = {row.split(" ")[0] for row in wanted}
        differences = self._ledger.differences(present, tables)
        self.wrong = {
            name: sentence
            for name, sentence in differences.items()
            if any(f"{name} ".startswith(f"{row} ") for row in wanted)
        }
        self._owners = {
            key: user_id for user_id, keys in self._ledger.public_keys.items() for key in keys
        }
        self._holders = _holders(self._ledger)

    def owner(self, key: PublicKey) -> str | None:
        """Return the user of whom a public key was ever stated; None if of nobody."""
        return self._owners.get(key.raw.hex())

    def keys_of(self, user_id: str) -> frozenset[PublicKey]:
        """Return every public key that was ever stated of a user."""
        keys = set()
        for key in self._ledger.public_keys.get(user_id, ()):
            with suppress(SettingsError, ValueError):  # nothing is sealed to what is no key
                keys.add(PublicKey(bytes.fromhex(key)))
        return frozenset(keys)

    def profile(self, user_id: str) -> Profile | None:
        """Return what a user may do; None for one who was not stated."""
        stated = self._ledger.profile(user_id)
        return Profile(stated) if stated else None

    def kinds(self, event_id: str, user_id: str) -> list[str]:
        """Return which kinds of file of an event are sealed to a user."""
        return sorted(
            kind
            for (event, kind), users in self._holders.items()
            if event == event_id and user_id in users
        )

    def owners(self, keys: Sequence[PublicKey]) -> list[str]:
        """Return the users of whom public keys were ever stated, each once."""
        return sorted({owner for key in keys if (owner := self.owner(key)) is not None})

    def holders(self, event_id: str, kind: str) -> list[str]:
        """Return the users to whom one kind of file of an event is sealed."""
        return self._holders.get((event_id, kind), [])

    def readers(self, event_id: str, kind: str) -> frozenset[bytes]:
        """Return the public keys, 32 bytes each, to which one kind of file is sealed."""
        keys = [self._newest_key(user_id) for user_id in self.holders(event_id, kind)]
        return frozenset(bytes.fromhex(key) for key in keys if key)

    def opens(self, file: EventFile, key: PublicKey) -> bool:
        """Return whether the log says that a public key opens a file."""
        owner = self.owner(key)
        if owner in self.holders(file.event_id, file.role):
            return key.raw.hex() == self._newest_key(owner)
        is_stated = f"sealed_keys {file.event_id} {file.role} user {owner}" in self._ledger.facts
        return not is_stated and key.key_id in (self._noted(file) or "").split(" ")

    def is_taken_back(self, file: EventFile, key: PublicKey) -> bool:
        """Return whether the log says that a public key opens a file no more, or never did.

        Where what the log says is not certain, it does not say so.
        """
        if self.is_revoked(file, key):
            return True
        owner = self.owner(key)
        row = f"sealed_keys {file.event_id} {file.role} user {owner}"
        if self._is_unclear(key, owner, row) or (owner is not None and row in self._ledger.facts):
            return False
        noted = self._noted(file)
        accepted = self._ledger.accepted.seq
        is_sound = all(finding.seq <= accepted for finding in self._ledger.findings)
        return noted is not None and is_sound and key.key_id not in noted.split(" ")

    def is_revoked(self, file: EventFile, key: PublicKey) -> bool:
        """Return whether the log says of a public key that it was revoked, or has a successor."""
        owner = self.owner(key)
        row = f"sealed_keys {file.event_id} {file.role} user {owner}"
        if owner is None or row not in self._ledger.facts or self._is_unclear(key, owner, row):
            return False
        return self._ledger.facts[row] is None or key.raw.hex() != self._newest_key(owner)

    def is_superseded(self, key: PublicKey) -> bool:
        """Return whether the log says of a public key that its owner has another one since."""
        owner = self.owner(key)
        return owner is not None and key.raw.hex() != self._newest_key(owner)

    def _newest_key(self, user_id: str | None) -> str:
        return (self._ledger.public_keys.get(user_id or "") or ("",))[-1]

    def _is_unclear(self, key: PublicKey, owner: str | None, row: str) -> bool:
        """Return whether a row of the log that nobody signed says something of a key."""
        doubts = self._ledger.doubts
        claimed = {
            (doubt.values or {}).get("public_key")
            for name, doubt in doubts.items()
            if name.startswith("users ")
        }
        return row in doubts or f"users {owner}" in doubts or key.raw.hex() in claimed

    def _noted(self, file: EventFile) -> str | None:
        """Return the ids of the keys that were stated to open a file; None if unknown."""
        row = f"files {file.file_id}"
        stated = (self._ledger.facts.get(row) or {}).get("readers")
        if stated is None or row in self._ledger.doubts:
            return None
        # a long list is stated by its hash
        return file.readers if stated == stated_value(file.readers) else self._short(str(stated))

    @staticmethod
    def _short(stated: str) -> str | None:
        return None if stated.startswith("sha256:") else stated


def _holders(ledger: Ledger) -> dict[tuple[str, str], list[str]]:
    """Return the users to whom each kind of file of each event is sealed."""
    found: dict[tuple[str, str], list[str]] = {}
    for name, values in sorted(ledger.facts.items()):
        table, *words = name.split(" ")
        if table == "sealed_keys" and values and name not in ledger.doubts and words[2] == "user":
            found.setdefault((words[0], words[1]), []).append(words[3])
    return found
