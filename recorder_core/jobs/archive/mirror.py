"""Two copies of everything: compare them, repair one from the other.

A sealed stream is checked against the SHA-256 in the catalog, so no key is needed and no
content is decrypted. What is damaged on both is reported, never hidden.
"""

from __future__ import annotations

import os
import secrets
import shutil
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from recorder_core.archive import (
    KeyFile,
    SealedPaths,
    destroy_keys,
    format_key_file,
    read_key_file,
    store_key_file,
)
from recorder_core.archive.durable import FOLDER_MODE, sync_folder
from recorder_core.catalog import Action, EventState
from recorder_core.errors import ArchiveError
from recorder_core.jobs.archive.archive import Archive
from recorder_core.jobs.archive.leftovers import find_leftovers, remove_leftovers, remove_streams
from recorder_core.jobs.archive.mirror_catalog import copy_catalog
from recorder_core.jobs.archive.roles import StoredFile
from recorder_core.jobs.options import Progress, no_progress
from recorder_core.media import file_sha256

__all__ = ["Finding", "MirrorReport", "check_copies", "repair_copies"]

Part = Literal["stream", "keys", "mirror", "leftover", "deleted"]


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that is not as it should be.

    Attributes
    ----------
    part : str
        The stream of a file, its keys, the whole mirror, a left-over, or keys of a deleted event.
    what : str
        File or folder; ids only.
    sentence : str
        What is wrong, or what was done.
    is_repaired : bool
        Whether it is right now.
    is_lost : bool
        Whether no good copy is left.
    """

    part: Part
    what: str
    sentence: str
    is_repaired: bool = False
    is_lost: bool = False


@dataclass(frozen=True, slots=True)
class MirrorReport:
    """What a check or repair of all copies found."""

    file_count: int
    root_count: int
    read_bytes: int
    findings: tuple[Finding, ...]

    @property
    def is_sound(self) -> bool:
        """Whether every copy is whole now."""
        return all(finding.is_repaired for finding in self.findings)


@dataclass(frozen=True, slots=True)
class _Copies:
    """The state of one file on every root: None is sound, else what is wrong."""

    file: StoredFile
    streams: dict[Path, str | None]
    keys: dict[Path, KeyFile | str]


def check_copies(
    archive: Archive, *, read_all: bool = False, progress: Progress = no_progress
) -> MirrorReport:
    """Compare every copy with the catalog.

    Parameters
    ----------
    archive : Archive
        Open.
    read_all : bool
        Read every byte and compare the hash (scrub); otherwise sizes and key files only.
    progress : callable, optional
        Told how many files were looked at, of how many.
    """
    with archive.audited(Action.REPAIR_MIRROR, detail="scrub" if read_all else "verify"):
        copies = _look_at_all(archive, read_all, progress)
        findings = _mirror_findings(archive)
        for found in copies:
            findings += _stream_findings(found) + _key_findings(found)
        findings += [
            Finding("leftover", name, "belongs to no event: an import was cut off")
            for name in find_leftovers(archive)
        ]
        findings += [
            Finding("deleted", name, "keys of a deleted event are still there")
            for name in _surviving_keys(archive)
        ]
        return _report(archive, copies, findings, read_all)


def repair_copies(archive: Archive, progress: Progress = no_progress) -> MirrorReport:
    """Read every copy and repair the damaged and missing ones from the good ones.

    Also destroys keys of deleted events that an absent mirror kept, removes what cut-off
    imports left, and renews the mirror's copy of the catalog.
    """
    with archive.audited(Action.REPAIR_MIRROR, detail="repair"):
        copies = _look_at_all(archive, True, progress)
        findings = _mirror_findings(archive)
        for found in copies:
            findings += _repair_streams(found) + _repair_keys(found)
        for name in _surviving_keys(archive):
            destroy_keys(archive.folders.roots(), name)
            for root in archive.folders.roots():
                remove_streams(root, name)
            findings.append(Finding("deleted", name, "keys of a deleted event destroyed", True))
        findings += [
            Finding("leftover", name, "left by a cut-off import, removed", True)
            for name in remove_leftovers(archive)
        ]
        copy_catalog(archive.folders, archive.catalog)
        return _report(archive, copies, findings, True)


def _report(
    archive: Archive, copies: Sequence[_Copies], findings: Sequence[Finding], read_all: bool
) -> MirrorReport:
    sizes = [found.file.row.size_bytes * len(found.streams) for found in copies]
    root_count = len(archive.folders.roots())
    return MirrorReport(len(copies), root_count, sum(sizes) if read_all else 0, tuple(findings))


def _look_at_all(archive: Archive, read_all: bool, progress: Progress) -> list[_Copies]:
    files = [
        archive.stored(row)
        for event in archive.catalog.events.find()
        if event.state is not EventState.DELETED
        for row in archive.catalog.contents.files(event.event_id)
    ]
    roots = archive.folders.roots()
    copies = []
    for place, file in enumerate(files):
        progress(place, len(files))
        copies.append(_look_at(file, roots, read_all))
    progress(len(files), len(files))
    return copies


def _look_at(file: StoredFile, roots: Sequence[Path], read_all: bool) -> _Copies:
    return _Copies(
        file,
        {root: _stream_fault(file, root, read_all) for root in roots},
        {root: _key_state(file, root) for root in roots},
    )


def _stream_fault(file: StoredFile, root: Path, read_all: bool) -> str | None:
    path = SealedPaths.of(root / file.name).stream
    try:
        size = path.stat().st_size
        if size != file.row.size_bytes:
            return f"has {size} bytes, not {file.row.size_bytes}"
        if read_all and file_sha256(path) != file.row.sha256:
            return "is damaged: its SHA-256 is not the catalog's"
    except FileNotFoundError:
        return "is missing"
    except OSError as error:
        return f"cannot be read ({error.strerror})"
    return None


def _key_state(file: StoredFile, root: Path) -> KeyFile | str:
    try:
        return read_key_file(root / file.name, file.identity)
    except ArchiveError as error:
        return str(error)


def _stream_findings(found: _Copies) -> list[Finding]:
    name = found.file.row.file_id
    is_lost = all(fault is not None for fault in found.streams.values())
    return [
        Finding("stream", name, f"on {root}: the stream {fault}", is_lost=is_lost)
        for root, fault in found.streams.items()
        if fault is not None
    ]


def _key_findings(found: _Copies) -> list[Finding]:
    good = _good_key(found)
    name = found.file.row.file_id
    findings = []
    for root, state in found.keys.items():
        if isinstance(state, str):
            sentence = f"on {root}: {state}"
            findings.append(Finding("keys", name, sentence, is_lost=good is None))
        elif good is not None and format_key_file(state) != format_key_file(good):
            sentence = f"on {root}: the key file is older than the archive's own"
            findings.append(Finding("keys", name, sentence))
    return findings


def _good_key(found: _Copies) -> KeyFile | None:
    """Return the key file that counts: the archive's own, or the mirror's if that is damaged."""
    return next((state for state in found.keys.values() if not isinstance(state, str)), None)


def _repair_streams(found: _Copies) -> list[Finding]:
    findings = _stream_findings(found)
    good = next((root for root, fault in found.streams.items() if fault is None), None)
    if good is None or not findings:
        return findings
    damaged = [root for root, fault in found.streams.items() if fault is not None]
    return [_copy_stream(found.file, good, root, found.streams[root]) for root in damaged]


def _copy_stream(file: StoredFile, good: Path, damaged: Path, fault: str | None) -> Finding:
    target = SealedPaths.of(damaged / file.name).stream
    partial = target.with_name(f"{target.name}.{secrets.token_hex(4)}.new")
    try:
        target.parent.mkdir(mode=FOLDER_MODE, parents=True, exist_ok=True)
        shutil.copyfile(SealedPaths.of(good / file.name).stream, partial)
        _sync(partial)
        if file_sha256(partial) != file.row.sha256:
            sentence = f"on {damaged}: the stream {fault}; the repaired copy differs: replace disk"
            return Finding("stream", file.row.file_id, sentence)
        partial.chmod(0o600)
        partial.replace(target)
        sync_folder(target.parent)
    except OSError as error:
        sentence = f"on {damaged}: the stream {fault}; not repaired ({error.strerror})"
        return Finding("stream", file.row.file_id, sentence)
    finally:
        partial.unlink(missing_ok=True)
    sentence = f"on {damaged}: the stream {fault}; repaired from {good}"
    return Finding("stream", file.row.file_id, sentence, is_repaired=True)


def _repair_keys(found: _Copies) -> list[Finding]:
    findings = _key_findings(found)
    good = _good_key(found)
    if good is None or not findings:
        return findings
    try:
        store_key_file(list(found.keys), found.file.name, good)
    except ArchiveError as error:
        return [*findings, Finding("keys", found.file.row.file_id, str(error))]
    return [
        Finding(finding.part, finding.what, f"{finding.sentence}; put right", is_repaired=True)
        for finding in findings
    ]


def _mirror_findings(archive: Archive) -> list[Finding]:
    fault = archive.folders.mirror_fault()
    if fault:
        return [Finding("mirror", str(archive.folders.mirror), fault)]
    if archive.folders.mirror is None:
        sentence = "this archive has no mirror; set one with 'workbench mirror set FOLDER'"
        return [Finding("mirror", "none", sentence)]
    return []


def _surviving_keys(archive: Archive) -> list[str]:
    names = [
        archive.stored(row).name
        for event in archive.catalog.events.find(state=EventState.DELETED)
        for row in archive.catalog.contents.files(event.event_id)
    ]
    return [name for name in names if archive.folders.roots_with(name)]


def _sync(path: Path) -> None:
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
