"""Repair one copy from another, or both from sealed copies on a third disk.

A stream is taken from where its SHA-256 is the catalog's. A key file is taken as it is on the
archive's own folder, else elsewhere, and then without the readers whose keys the catalog says
were taken back since.
"""

from __future__ import annotations

import secrets
import shutil
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from recorder_core.archive import (
    KeyFile,
    SealedPaths,
    destroy_keys,
    read_key_file,
    store_key_file,
)
from recorder_core.archive.durable import FILE_MODE, FOLDER_MODE, sync_path
from recorder_core.catalog import Action
from recorder_core.errors import ArchiveError
from recorder_core.jobs.archive.archive import Archive
from recorder_core.jobs.archive.folders import EVENTS_NAME
from recorder_core.jobs.archive.leftovers import remove_leftovers, remove_streams
from recorder_core.jobs.archive.mirror import (
    FileCopies,
    Finding,
    MirrorReport,
    general_findings,
    good_key,
    key_findings,
    look_at_all,
    report,
    stream_fault,
    stream_findings,
    surviving_keys,
)
from recorder_core.jobs.archive.mirror_catalog import copy_catalog
from recorder_core.jobs.archive.roles import StoredFile
from recorder_core.jobs.archive.storing import users_of
from recorder_core.jobs.progress import Progress, no_progress
from recorder_core.media import file_sha256

__all__ = ["repair_copies"]


def repair_copies(
    archive: Archive, progress: Progress = no_progress, *, backup: Path | None = None
) -> MirrorReport:
    """Read every copy and repair the damaged and missing ones from the good ones.

    Also destroys keys of deleted events that an absent mirror kept, removes what cut-off
    steps left, and renews the mirror's copy of the catalog.

    Parameters
    ----------
    archive : Archive
        Open.
    progress : callable, optional
        Told how many files were looked at, of how many.
    backup : Path, optional
        A folder of sealed copies, for what has no good copy on archive and mirror.

    Raises
    ------
    ArchiveError
        If the backup holds no sealed copies.
    """
    with archive.audited(Action.REPAIR_MIRROR, detail="repair"):
        _check_backup(backup)
        copies = look_at_all(archive, True, progress)
        findings = general_findings(archive)
        for found in copies:
            findings += _repair_streams(found, backup) + _repair_keys(archive, found, backup)
        for name in surviving_keys(archive):
            destroy_keys(archive.folders.roots(), name)
            for root in archive.folders.roots():
                remove_streams(root, name)
            findings.append(Finding("deleted", name, "keys of a deleted event destroyed", True))
        findings += [
            Finding("leftover", name, "left by a cut-off step, removed", True)
            for name in remove_leftovers(archive)
        ]
        copy_catalog(archive.folders, archive.catalog)
        return report(archive, copies, findings, True)


def _check_backup(backup: Path | None) -> None:
    if backup is not None and not (backup / EVENTS_NAME).is_dir():
        raise ArchiveError(
            f"{backup} holds no sealed copies; name the folder that 'workbench event copy' wrote"
        )


def _repair_streams(found: FileCopies, backup: Path | None) -> list[Finding]:
    findings = stream_findings(found)
    if not findings:
        return []
    good = next((root for root, fault in found.streams.items() if fault is None), None)
    if good is None and backup is not None and stream_fault(found.file, backup, True) is None:
        good = backup
    if good is None:
        return findings
    damaged = [root for root, fault in found.streams.items() if fault is not None]
    return [_copy_stream(found.file, good, root, found.streams[root]) for root in damaged]


def _copy_stream(file: StoredFile, good: Path, damaged: Path, fault: str | None) -> Finding:
    target = SealedPaths.of(damaged / file.name).stream
    partial = target.with_name(f"{target.name}.{secrets.token_hex(4)}.new")
    try:
        target.parent.mkdir(mode=FOLDER_MODE, parents=True, exist_ok=True)
        shutil.copyfile(SealedPaths.of(good / file.name).stream, partial)
        sync_path(partial)
        if file_sha256(partial) != file.row.sha256:
            sentence = f"on {damaged}: the stream {fault}; the repaired copy differs: replace disk"
            return Finding("stream", file.row.file_id, sentence)
        partial.chmod(FILE_MODE)
        partial.replace(target)
        sync_path(target.parent)
    except OSError as error:
        sentence = f"on {damaged}: the stream {fault}; not repaired ({error.strerror})"
        return Finding("stream", file.row.file_id, sentence)
    finally:
        partial.unlink(missing_ok=True)
    sentence = f"on {damaged}: the stream {fault}; repaired from {good}"
    return Finding("stream", file.row.file_id, sentence, is_repaired=True)


def _repair_keys(archive: Archive, found: FileCopies, backup: Path | None) -> list[Finding]:
    findings = key_findings(found)
    if not findings:
        return []
    good, source = _key_that_counts(archive, found, backup)
    if good is None:
        return findings
    try:
        store_key_file(list(found.keys), found.file.name, good)
    except ArchiveError as error:
        return [*findings, Finding("keys", found.file.row.file_id, str(error))]
    return [
        Finding(finding.part, finding.what, f"{finding.sentence}; {source}", is_repaired=True)
        for finding in findings
    ]


def _key_that_counts(
    archive: Archive, found: FileCopies, backup: Path | None
) -> tuple[KeyFile | None, str]:
    """Return the key file to store, and in words where it comes from."""
    good = good_key(found)
    if good is not None:
        return _as_granted(archive, found.file, good), "put right"
    if backup is None:
        return None, ""
    try:
        kept = read_key_file(backup / found.file.name, found.file.identity)
    except ArchiveError:
        return None, ""
    lost = _forget_missing_readers(archive, found.file, kept)
    again = f"; give it again to {', '.join(lost)}" if lost else ""
    return _as_granted(archive, found.file, kept), f"put right from {backup}{again}"


def _as_granted(archive: Archive, file: StoredFile, key_file: KeyFile) -> KeyFile:
    """Return the key file without readers from whom the key was taken back since."""
    holders = set(archive.reader_ids(file.row.event_id, file.row.role))
    entries = tuple(
        entry
        for entry in key_file.entries
        if entry.is_recovery or holders.intersection(users_of(archive, [entry.public_key]))
    )
    return replace(key_file, entries=entries)


def _forget_missing_readers(archive: Archive, file: StoredFile, key_file: KeyFile) -> Sequence[str]:
    """Enter that those cannot open a file any more who were given its key after the backup."""
    present = users_of(archive, [entry.public_key for entry in key_file.entries])
    event_id, role = file.row.event_id, file.row.role
    lost = [user for user in archive.reader_ids(event_id, role) if user not in present]
    for user in lost:
        by = archive.identity.actor.user_id
        archive.catalog.grants.take_back(event_id, role, "user", user, by=by)
    return lost
