"""Repair key files, and remove no key of which the signed log does not say that it is gone."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from contextlib import suppress
from dataclasses import replace
from pathlib import Path

from recorder_core.archive import KeyFile, read_key_file, store_key_file
from recorder_core.archive.keyfile import KeyEntry
from recorder_core.archive.keys.grants import keep_recovery_key
from recorder_core.errors import ArchiveError, NotInCatalog
from recorder_core.jobs.archive.access.session import Session
from recorder_core.jobs.archive.access.stated_keys import StatedKeys
from recorder_core.jobs.archive.care.mirror import FileCopies, Finding, good_key, key_findings
from recorder_core.jobs.archive.files.storing import note_key_file
from recorder_core.jobs.archive.place.roles import StoredFile

__all__ = ["KeyRepair"]


class KeyRepair:
    """Puts key files right, one after another.

    Parameters
    ----------
    session : Session
        Of the open archive; the caller has asked.
    keys : StatedKeys
        What the log states.
    backup : Path, optional
        A folder of sealed copies, for a key file that is sound nowhere else.
    """

    def __init__(self, session: Session, keys: StatedKeys, backup: Path | None) -> None:
        self._session, self._keys, self._backup = session, keys, backup

    def repair(self, found: FileCopies) -> list[Finding]:
        """Store the key file that counts wherever another lies; return what was wrong."""
        findings = key_findings(found) + self._reader_findings(found)
        good, source = self._key_that_counts(found) if findings else (None, "")
        if good is None:
            return findings + self._unexplained(found)
        try:
            store_key_file(list(found.keys), found.file.name, good)
            if good != good_key(found):  # without keys that count no more; who came since, too
                note_key_file(self._session, found.file.row.file_id, good)
        except ArchiveError as error:
            return [*findings, Finding("keys", found.file.row.file_id, str(error))]
        done = [
            Finding(finding.part, finding.what, f"{finding.sentence}; {source}", is_repaired=True)
            for finding in findings
        ]
        return done + self._unexplained(found)

    def _reader_findings(self, found: FileCopies) -> list[Finding]:
        """Return faults where a key file opens for too many or too few; as good as an older one."""
        good, name = good_key(found), found.file.row.file_id
        if good is None:
            return []
        findings = []
        if self._as_granted(found.file, good) != good:
            sentence = "the key file opens for keys to which nobody granted it"
            findings.append(Finding("keys", name, sentence))
        if self._with_others(found, good) != good:
            sentence = "the key file lacks keys that another copy of it has"
            findings.append(Finding("keys", name, sentence))
        return findings

    def _unexplained(self, found: FileCopies) -> list[Finding]:
        """Name the keys that are kept although the log does not say that they open a file."""
        good, row = good_key(found), found.file.row
        kept = self._as_granted(found.file, good).entries if good is not None else ()
        return [
            Finding(
                "keys",
                row.file_id,
                f"the key file opens for {entry.public_key.key_id}, and the log says neither "
                "that it does nor that this key was revoked; it is kept",
            )
            for entry in kept
            if not (entry.is_recovery or self._keys.opens(row, entry.public_key))
        ]

    def _key_that_counts(self, found: FileCopies) -> tuple[KeyFile | None, str]:
        """Return the key file to store, and in words where it comes from."""
        good = good_key(found)
        if good is not None:
            return self._as_granted(found.file, self._with_others(found, good)), "put right"
        if self._backup is None:
            return None, ""
        try:
            kept = read_key_file(self._backup / found.file.name, found.file.identity)
        except ArchiveError:
            return None, ""
        lost = self._forget_missing_readers(found.file, kept)
        again = f"; give it again to {', '.join(lost)}" if lost else ""
        return self._as_granted(found.file, kept), f"put right from {self._backup}{again}"

    def _as_granted(self, file: StoredFile, key_file: KeyFile) -> KeyFile:
        """Return the key file without keys that were taken back, or recovery keys of before."""
        if self._session.identity.log_fault:
            return key_file
        key_file = keep_recovery_key(key_file, self._session.folders.info.recovery)
        entries = tuple(
            entry
            for entry in key_file.entries
            if entry.is_recovery or not self._keys.is_taken_back(file.row, entry.public_key)
        )
        return replace(key_file, entries=entries)

    def _with_others(self, found: FileCopies, good: KeyFile) -> KeyFile:
        """Return the key file with keys of the same file that another copy holds besides."""
        known = {entry.public_key for entry in good.entries}
        entries = list(good.entries)
        for entry in self._others(found, good):
            if entry.public_key not in known:
                known.add(entry.public_key)
                entries.append(entry)
        return replace(good, entries=tuple(entries))

    def _others(self, found: FileCopies, good: KeyFile) -> Iterable[KeyEntry]:
        for other in found.keys.values():
            if isinstance(other, KeyFile) and other.parameters() == good.parameters():
                yield from (
                    entry
                    for entry in other.entries
                    if not entry.is_recovery and self._keys.opens(found.file.row, entry.public_key)
                )

    def _forget_missing_readers(self, file: StoredFile, key_file: KeyFile) -> Sequence[str]:
        """Enter that those open a file no more who were given its key after the backup."""
        present = self._keys.owners([entry.public_key for entry in key_file.entries])
        event_id, role = file.row.event_id, file.row.role
        lost = [user for user in self._keys.holders(event_id, role) if user not in present]
        for user in lost:
            by = self._session.identity.actor.user_id
            with suppress(NotInCatalog):  # its row is gone, which is named
                self._session.catalog.grants.take_back(event_id, role, "user", user, by=by)
        return lost
