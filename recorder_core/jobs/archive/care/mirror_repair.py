"""Repair one copy from another, or both from sealed copies on a third disk.

A stream is taken from where its SHA-256 is the catalog's. A key file is taken from where its
readers are those that the signed log states, else from the folder in use, else from elsewhere; then
without the readers whose keys the log says were taken back since. No key is removed because a row
of the catalog is damaged, was edited or is gone: such a row is named.
"""

from __future__ import annotations

import os
import secrets
import shutil
from contextlib import suppress
from pathlib import Path

from recorder_core.archive import (
    KeyFile,
    SealedPaths,
    destroy_keys,
    store_key_file,
)
from recorder_core.archive.disk.durable import sync_path
from recorder_core.catalog import Action
from recorder_core.errors import ArchiveError, RecorderError
from recorder_core.jobs.archive.access.session import Session
from recorder_core.jobs.archive.acting import acting
from recorder_core.jobs.archive.archive import Archive
from recorder_core.jobs.archive.care.key_repair import KeyRepair
from recorder_core.jobs.archive.care.mirror import (
    FileCopies,
    Finding,
    MirrorReport,
    check_files,
    general_findings,
    report,
    row_findings,
    stream_fault,
    stream_findings,
    surviving_keys,
)
from recorder_core.jobs.archive.care.row_repair import put_rows_right
from recorder_core.jobs.archive.events.adopting import (
    adoptable_events,
    enter_event,
    read_manifest,
    sealed_files,
)
from recorder_core.jobs.archive.files.leftovers import (
    find_leftovers,
    remove_abandoned_locks,
    remove_streams,
    set_file_aside,
)
from recorder_core.jobs.archive.files.links import find_links, set_link_aside
from recorder_core.jobs.archive.files.stated import Statements
from recorder_core.jobs.archive.keys.attesting import info_faults
from recorder_core.jobs.archive.place.event_lock import lock_event
from recorder_core.jobs.archive.place.folders import EVENTS_NAME, INFO_NAME, write_info
from recorder_core.jobs.archive.place.roles import (
    StoredFile,
    file_name,
    make_file_id,
)
from recorder_core.jobs.archive.place.taking_out import CHUNK_BYTES
from recorder_core.jobs.progress import Progress, no_progress
from recorder_core.media import file_sha256
from recorder_core.model.files.inner_files import (
    EVENT_FOLDERS,
    create_inner,
    inner_folders,
    make_inner_folder,
    open_inner,
    remove_inner,
)

__all__ = ["repair_copies"]


def repair_copies(
    archive: Archive, progress: Progress = no_progress, *, backup: Path | None = None
) -> MirrorReport:
    """Read every copy and repair the damaged and missing ones from the good ones.

    Also destroys keys of deleted events that an absent mirror kept, and renews the other
    folder's copy of the catalog. Nothing is destroyed of which the signed log does not say that
    it was deleted or replaced: events that can be taken in are named, the rest is set aside.

    Parameters
    ----------
    archive : Archive
        Open.
    progress : callable, optional
        Told how many files were looked at, of how many.
    backup : Path, optional
        A folder of sealed copies, for what has no good copy on archive and mirror, and for
        events that the catalog does not know.

    Raises
    ------
    ArchiveError
        If the backup holds no sealed copies.
    """
    with acting(archive, Action.REPAIR_MIRROR, detail="repair") as session:
        _check_backup(backup)
        findings = _set_links_aside(session)
        findings += put_rows_right(session)
        keys = session.stated_keys()
        copies = check_files(session, keys, True, progress)
        findings += general_findings(session) + row_findings(keys) + _repair_infos(session)
        repair = KeyRepair(session, keys, backup)
        for found in copies:
            findings += _repair_streams(found, backup) + repair.repair(found)
            _remove_tails(found)
        for name in surviving_keys(session):
            findings.append(_destroy(session, name))
        findings += _bring_in(session, backup)
        findings += _set_unknown_aside(session)
        findings += [
            Finding("mirror", str(session.folders.mirror), fault)
            for fault in session.replicator.copy()
        ]
        return report(session, copies, findings, True)


def _repair_infos(session: Session) -> list[Finding]:
    """Write ``archive.json`` anew where it says something else than the log."""
    findings = []
    for fault in info_faults(session):
        findings.append(Finding("mirror", INFO_NAME, f"{fault}; written anew", is_repaired=True))
    if findings:
        with session.changing_info() as now:
            for root in now.roots():
                write_info(root, now.info)
    return findings


def _set_links_aside(session: Session) -> list[Finding]:
    """Move what is no file of the archive's own out of the way of the good copies."""
    findings = []
    for link in find_links(session):
        try:
            sentence, is_repaired = set_link_aside(session, link), True
        except OSError as error:
            sentence, is_repaired = f"{link}; not set aside ({error.strerror})", False
        findings.append(Finding("link", link.name, sentence, is_repaired))
    return findings


def _bring_in(session: Session, backup: Path | None) -> list[Finding]:
    """Import the events of sealed copies that the catalog does not know."""
    if backup is None:
        return []
    known = {event.event_id for event in session.catalog.events.find()}
    names = [folder.name for folder in inner_folders(backup, EVENTS_NAME)]
    return [_bring_event_in(session, backup, name) for name in names if name not in known]


def _bring_event_in(session: Session, backup: Path, event_id: str) -> Finding:
    try:
        with lock_event(session.folders, event_id):
            found = sealed_files(backup, event_id)
            if not found:
                return Finding("leftover", event_id, f"no file of it in {backup} is whole")
            for file in found:
                _take_over(session, backup, file.key_file)
            enter_event(session, event_id, found, read_manifest(backup, event_id))
    except (RecorderError, OSError) as error:
        return Finding("leftover", event_id, f"not taken in from {backup}: {error}")
    sentence = (
        f"taken in from {backup}; it opens with the keys in its key files, and with the recovery "
        "words of the archive that it was recorded in"
    )
    return Finding("leftover", event_id, sentence, True)


def _take_over(session: Session, backup: Path, key_file: KeyFile) -> None:
    """Copy a whole sealed file to every root."""
    name = file_name(make_file_id(key_file.identity))
    for root in session.folders.roots():
        target = SealedPaths.of(root / name).stream
        _make_event_folder(root, target.parent)
        replace_stream(SealedPaths.of(backup / name).stream, target)
    store_key_file(session.folders.roots(), name, key_file)


def _destroy(
    session: Session, name: str, sentence: str = "keys of a deleted event destroyed"
) -> Finding:
    destroy_keys(session.folders.roots(), name)
    for root in session.folders.roots():
        remove_streams(root, name)
    return Finding("deleted", name, sentence, True)


def _set_unknown_aside(session: Session) -> list[Finding]:
    """Name what the catalog does not know and can be taken in; set the rest aside."""
    adoptable = adoptable_events(session)
    findings = [
        Finding(
            "leftover",
            event_id,
            "is not in the catalog, but its files are whole: take it in with 'workbench event "
            f"adopt {event_id}'; it was left by a step that was cut off, or the catalog is older",
        )
        for event_id in adoptable
    ]
    left = find_leftovers(session)
    stated = Statements(session) if left else None
    for name in left:
        if stated and stated.is_deleted(name.split("/")[1]):
            findings.append(_destroy(session, name))
        elif stated and stated.is_replaced(name):
            findings.append(_destroy(session, name, "an earlier generation of a file destroyed"))
        elif name.split("/")[1] in adoptable:
            continue
        elif stated and stated.is_present(name):
            sentence = (
                "is a file that the log states, but its row is gone from the catalog without an "
                "entry in the log; it stays where it lies: restore a backup of the catalog with "
                "'workbench "
                "archive restore'"
            )
            findings.append(Finding("leftover", name, sentence))
        else:
            places = " and ".join(str(path) for path in set_file_aside(session, name))
            sentence = f"is not in the catalog and was set aside in {places}"
            findings.append(Finding("leftover", name, sentence, True))
    remove_abandoned_locks(session)
    return findings


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


def _remove_tails(found: FileCopies) -> None:
    """Remove what a copy that stopped while it was recorded left beside its stream."""
    for root in found.streams:  # of files that have their end
        with suppress(OSError):
            remove_inner(SealedPaths.of(root / found.file.name).tail, folders=EVENT_FOLDERS)


def _make_event_folder(root: Path, folder: Path) -> None:
    """Make the folder of an event on a root, and that of all events, where they are lost."""
    make_inner_folder(root / EVENTS_NAME, beside=INFO_NAME)
    make_inner_folder(folder, folders=EVENT_FOLDERS - 1)


def _copy_stream(file: StoredFile, good: Path, damaged: Path, fault: str | None) -> Finding:
    target = SealedPaths.of(damaged / file.name).stream
    sentence, is_repaired = f"on {damaged}: the stream {fault}; ", False
    try:
        _make_event_folder(damaged, target.parent)
        is_repaired = replace_stream(
            SealedPaths.of(good / file.name).stream, target, sha256=file.row.sha256
        )
        sentence += (
            f"repaired from {good}" if is_repaired else "the repaired copy differs: replace disk"
        )
    except OSError as error:
        sentence += f"not repaired ({error.strerror})"
    return Finding("stream", file.row.file_id, sentence, is_repaired)


def replace_stream(source: Path, target: Path, *, sha256: str | None = None) -> bool:
    """Replace a stream by a copy; False, and nothing done, if its hash is another.

    Parameters
    ----------
    source, target : Path
        Of the stream.
    sha256 : str, optional
        What the copy must have, as read back; the source's own if not given.

    Raises
    ------
    OSError
        If one cannot be read or written.
    """
    partial = target.with_name(f"{target.name}.{secrets.token_hex(4)}.new")
    try:
        with (
            os.fdopen(open_inner(source, folders=EVENT_FOLDERS), "rb") as stored,
            os.fdopen(create_inner(partial, folders=EVENT_FOLDERS), "wb") as copy,
        ):
            shutil.copyfileobj(stored, copy, CHUNK_BYTES)
        sync_path(partial)
        if file_sha256(partial) != (sha256 or file_sha256(source)):
            return False
        partial.replace(target)
        sync_path(target.parent)
    finally:
        remove_inner(partial, folders=EVENT_FOLDERS)
    return True
