"""Compare the catalog and the key files with what the signed rows of the audit log say."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path

from recorder_core.archive import KeyFile, check_signature, read_key_file
from recorder_core.catalog import AuditFinding, Catalog, EventState, repaired_row_findings
from recorder_core.errors import ArchiveError, SchemaTooNew
from recorder_core.jobs.archive.access.session import Session
from recorder_core.jobs.archive.access.stated_keys import StatedKeys
from recorder_core.jobs.archive.access.stated_settings import settings_of
from recorder_core.jobs.archive.place.folders import INFO_NAME, Folders, read_info
from recorder_core.jobs.archive.place.info_lock import as_they_are, info_lock
from recorder_core.jobs.archive.place.roles import StoredFile

__all__ = ["attest", "info_faults", "reader_faults"]

#: said of an archive of an earlier program
_NOBODY = (
    "nobody vouches for this archive yet: an earlier program made it; have an administrator sign "
    "in once with this one"
)


def attest(catalog: Catalog, trust: str) -> list[AuditFinding]:
    """Check every signature, and every protected row of the catalog; name what was put right.

    Parameters
    ----------
    catalog : Catalog
        Open.
    trust : str
        Hash of the row on which trust rests; empty if there is none.
    """
    if not trust:
        return [AuditFinding("unsigned", 0, _NOBODY)]
    ledger, present = catalog.ledger_and_present(trust, check_signature)
    wrong = ledger.differences(present).values()
    return [
        *ledger.findings,
        *(AuditFinding("changed", 0, sentence) for sentence in wrong),
        *repaired_row_findings(catalog.audit, ledger.accepted),
    ]


def info_faults(session: Session) -> list[str]:
    """Return where ``archive.json`` of a root is not what an administrator has signed."""
    with info_lock(session.folders.primary):
        stated = session.trust().settings()
        found = [_info_fault(root, stated) for root in _roots_now(session.folders)]
    return [fault for fault in found if fault]


def _roots_now(folders: Folders) -> list[Path]:
    """Return the roots, with the mirror that another command may have set since."""
    with suppress(ArchiveError, SchemaTooNew):
        folders = as_they_are(folders)
    return folders.roots()


def _info_fault(root: Path, stated: Mapping[str, str]) -> str | None:
    try:
        found = settings_of(read_info(root))
    except (ArchiveError, SchemaTooNew) as error:
        return str(error)
    wrong = [name for name, value in found.items() if stated.get(name, value) != value]
    if not wrong:
        return None
    return (
        f"{root / INFO_NAME} was changed without an entry in the log ({', '.join(wrong)}); what "
        "the log says is used instead"
    )


def reader_faults(session: Session) -> list[str]:
    """Return which key files on which root open for other keys than the catalog has noted."""
    keys = session.stated_keys()
    return [
        f"{file.row.file_id} on {root}: {fault}"
        for event in session.catalog.events.find()
        if event.state is not EventState.DELETED
        for row in session.catalog.contents.files(event.event_id)
        for file in [session.stored(row)]
        for root in session.folders.roots_with(file.name)
        if (fault := _fault_on(session, keys, file, root / file.name))
    ]


def _reader_fault(
    session: Session, keys: StatedKeys, file: StoredFile, key_file: KeyFile
) -> str | None:
    """Return for which keys a key file opens that it should not, or does not that it should."""
    found = {entry.public_key.key_id for entry in key_file.entries}
    if not file.row.readers:
        return _older_fault(session, keys, file, key_file)
    noted = set(file.row.readers.split(" "))
    more, fewer = sorted(found - noted), sorted(noted - found)
    if more:
        return (
            f"it opens for {', '.join(more)}, whose key was revoked or who never had one: a "
            "grant was cut off, or an older or foreign key file was put there; "
            "'workbench mirror repair' removes what the log says was revoked"
        )
    if fewer:
        return f"it lacks the key of {', '.join(fewer)}: somebody removed it"
    return _superseded_fault(keys, key_file)


def _superseded_fault(keys: StatedKeys, key_file: KeyFile) -> str | None:
    """Return for whose key of before a key file opens, though it is noted so."""
    for entry in key_file.entries:
        if keys.is_superseded(entry.public_key):
            owner = keys.owner(entry.public_key)
            return (
                f"it opens for {entry.public_key.key_id}, a key that {owner} had before a new "
                f"password: remove it with 'workbench grant {owner} EVENT --revoke', and grant "
                "again what is to stay"
            )
    return None


def _older_fault(
    session: Session, keys: StatedKeys, file: StoredFile, key_file: KeyFile
) -> str | None:
    """Compare with the grants: nobody noted the readers of a file of an earlier program."""
    if not any(entry.public_key == session.folders.info.recovery for entry in key_file.entries):
        return "it lacks the recovery key: somebody removed it"
    for entry in key_file.entries:
        if not (entry.is_recovery or keys.opens(file.row, entry.public_key)):
            return f"it opens for {entry.public_key.key_id}, to whom nobody granted it"
    return None


def _fault_on(session: Session, keys: StatedKeys, file: StoredFile, base: Path) -> str | None:
    try:
        return _reader_fault(session, keys, file, read_key_file(base, file.identity))
    except ArchiveError:
        return None  # damage is what a check of the copies names
