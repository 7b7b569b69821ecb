"""Two copies of everything: compare them with the catalog and with each other.

A sealed stream is checked against the SHA-256 in the catalog, so no key is needed and no
content is decrypted. What is damaged on both is reported, never hidden.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from recorder_core.archive import (
    KeyFile,
    SealedPaths,
    format_key_file,
    read_key_file,
)
from recorder_core.catalog import Action, EventState, repaired_row_findings
from recorder_core.errors import ArchiveError
from recorder_core.jobs.archive.access.session import Session
from recorder_core.jobs.archive.access.stated_keys import StatedKeys
from recorder_core.jobs.archive.acting import acting
from recorder_core.jobs.archive.archive import Archive
from recorder_core.jobs.archive.events.deleting import unfinished_deletions
from recorder_core.jobs.archive.files.leftovers import find_leftovers
from recorder_core.jobs.archive.files.links import find_links
from recorder_core.jobs.archive.files.stated import Statements
from recorder_core.jobs.archive.place.folders import CATALOG_NAME
from recorder_core.jobs.archive.place.roles import StoredFile
from recorder_core.jobs.progress import Progress, no_progress
from recorder_core.media import file_sha256
from recorder_core.model.files.inner_files import EVENT_FOLDERS, check_inner

__all__ = [
    "BAD_STREAMS",
    "FileCopies",
    "Finding",
    "MirrorReport",
    "check_copies",
    "check_files",
    "complete_files",
    "general_findings",
    "good_key",
    "key_findings",
    "report",
    "row_findings",
    "stream_fault",
    "stream_findings",
    "surviving_keys",
]

#: begins the detail of the row that says how many streams were bad, when all were read
BAD_STREAMS = "bad_streams:"

Part = Literal["stream", "keys", "mirror", "leftover", "deleted", "link", "log"]


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that is not as it should be.

    Attributes
    ----------
    part : str
        The stream of a file, its keys, the whole mirror, a left-over, keys of a deleted event, a
        link, or the log.
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
class FileCopies:
    """The state of one file on every root: None is sound, else what is wrong.

    `readers` are the public keys of those who can open it, as the log states it.
    """

    file: StoredFile
    streams: dict[Path, str | None]
    keys: dict[Path, KeyFile | str]
    readers: frozenset[bytes]


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
    with acting(archive, Action.REPAIR_MIRROR, detail="scrub" if read_all else "verify") as session:
        keys = session.stated_keys()
        copies = check_files(session, keys, read_all, progress)
        findings = general_findings(session) + row_findings(keys) + _put_right(session)
        findings += [
            Finding("link", link.name, f"{link}; 'workbench mirror repair' sets it aside")
            for link in find_links(session)
        ]
        for found in copies:
            findings += stream_findings(found) + key_findings(found)
        findings += [
            Finding(
                "leftover",
                name,
                "belongs to no event of the catalog: a step was cut off, or the catalog is older; "
                "'workbench mirror repair' says how to take it in, or sets it aside",
            )
            for name in find_leftovers(session)
        ]
        findings += [
            Finding("deleted", name, "keys of a deleted event are still there")
            for name in surviving_keys(session)
        ]
        return report(session, copies, findings, read_all)


def report(
    session: Session, copies: Sequence[FileCopies], findings: Sequence[Finding], read_all: bool
) -> MirrorReport:
    """Collect what was found; where every byte was read, the log says how many streams are bad.

    The status names these until they were all read once more: nothing else sees them.
    """
    if read_all:
        bad = {found.what for found in findings if found.part == "stream" and not found.is_repaired}
        detail = f"{BAD_STREAMS}{len(bad)}"
        session.catalog.audit.append(session.identity.actor, Action.REPAIR_MIRROR, detail=detail)
    sizes = [found.file.row.size_bytes * len(found.streams) for found in copies]
    root_count = len(session.folders.roots())
    return MirrorReport(len(copies), root_count, sum(sizes) if read_all else 0, tuple(findings))


def check_files(
    session: Session, keys: StatedKeys, read_all: bool, progress: Progress
) -> list[FileCopies]:
    """Check every file of the catalog on every root, but not of half deleted events."""
    files = _live_files(session)
    copies = []
    for place, file in enumerate(files):
        progress(place, len(files))
        copies.append(_check_file(session, keys, file, read_all))
    progress(len(files), len(files))
    return copies


def complete_files(session: Session) -> list[StoredFile]:
    """Return every file that has its end, but none of half deleted events."""
    return [file for file in _live_files(session) if file.row.is_complete]


def _live_files(session: Session) -> list[StoredFile]:
    half_deleted = set(unfinished_deletions(session))
    return [
        session.stored(row)
        for event in session.catalog.events.find()
        if event.state is not EventState.DELETED and event.event_id not in half_deleted
        for row in session.catalog.contents.files(event.event_id)
    ]


def _check_file(session: Session, keys: StatedKeys, file: StoredFile, read_all: bool) -> FileCopies:
    roots = session.folders.roots()
    readers = keys.readers(file.row.event_id, file.row.role)
    if not file.row.is_complete:
        # a stream that still grows has no size and no hash; a root may have come later
        begun = session.folders.roots_with(file.name) or roots[:1]
        return FileCopies(file, {}, {root: _key_state(file, root) for root in begun}, readers)
    return FileCopies(
        file,
        {root: stream_fault(file, root, read_all) for root in roots},
        {root: _key_state(file, root) for root in roots},
        readers,
    )


def stream_fault(file: StoredFile, root: Path, read_all: bool) -> str | None:
    """Return what is wrong with a stream; None if nothing is."""
    path = SealedPaths.of(root / file.name).stream
    try:
        size = check_inner(path, folders=EVENT_FOLDERS).st_size
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


def stream_findings(found: FileCopies) -> list[Finding]:
    """Return what is wrong with the streams of a file."""
    name = found.file.row.file_id
    is_lost = all(fault is not None for fault in found.streams.values())
    return [
        Finding("stream", name, f"on {root}: the stream {fault}", is_lost=is_lost)
        for root, fault in found.streams.items()
        if fault is not None
    ]


def key_findings(found: FileCopies) -> list[Finding]:
    """Return what is wrong with the key files of a file."""
    good = good_key(found)
    name = found.file.row.file_id
    findings = []
    for root, state in found.keys.items():
        if isinstance(state, str):
            sentence = f"on {root}: {state}"
            findings.append(Finding("keys", name, sentence, is_lost=good is None))
        elif good is not None and format_key_file(state) != format_key_file(good):
            sentence = f"on {root}: the key file is older than the one that counts"
            findings.append(Finding("keys", name, sentence))
    return findings


def good_key(found: FileCopies) -> KeyFile | None:
    """Return the key file that counts: the one whose readers the log states, else the first."""
    sound = [state for state in found.keys.values() if not isinstance(state, str)]
    agreeing = (state for state in sound if _readers_of(state) == found.readers)
    return next(agreeing, sound[0] if sound else None)


def _readers_of(key_file: KeyFile) -> frozenset[bytes]:
    return frozenset(entry.public_key.raw for entry in key_file.entries if not entry.is_recovery)


def general_findings(session: Session) -> list[Finding]:
    """Return why the mirror or the log cannot be used, and whose deletion was not finished."""
    fault = session.folders.mirror_fault()
    findings = [Finding("mirror", str(session.folders.mirror), fault)] if fault else []
    findings += _disputed_deletions(session)
    log_fault = session.identity.log_fault
    if log_fault:
        advice = (
            f"{log_fault}, and no other copy puts it right: restore a backup "
            "with 'workbench archive restore', or have an administrator accept it with 'workbench "
            "audit accept-break'"
        )
        findings.append(Finding("log", CATALOG_NAME, advice))
    return findings + [
        Finding("deleted", event_id, "its deletion was cut off; repeat 'workbench event delete'")
        for event_id in unfinished_deletions(session)
    ]


def row_findings(keys: StatedKeys) -> list[Finding]:
    """Name the rows about people and keys that are not what the signed log states."""
    return [
        Finding(
            "log",
            CATALOG_NAME,
            f"{sentence}; keys are kept as the log states it; restore a backup of the catalog with "
            "'workbench archive restore'",
        )
        for sentence in keys.wrong.values()
    ]


def _put_right(session: Session) -> list[Finding]:
    """Name the rows that were put right, and whose cause nobody has accepted yet."""
    accepted = session.trust().ledger.accepted
    found = repaired_row_findings(session.catalog.audit, accepted)
    return [Finding("log", CATALOG_NAME, finding.sentence) for finding in found]


def surviving_keys(session: Session) -> list[str]:
    """Return the files of deleted events whose keys an absent mirror has kept."""
    deleted = session.catalog.events.find(state=EventState.DELETED)
    names = {
        name: event.event_id
        for event in deleted
        for row in session.catalog.contents.files(event.event_id)
        if session.folders.roots_with(name := session.stored(row).name)
    }
    stated = Statements(session) if names else None
    return [name for name, event_id in names.items() if stated and stated.is_deleted(event_id)]


def _disputed_deletions(session: Session) -> list[Finding]:
    """Return which events the catalog calls deleted although nobody signed that."""
    deleted = session.catalog.events.find(state=EventState.DELETED)
    stated = Statements(session) if deleted else None
    return [
        Finding(
            "deleted",
            event.event_id,
            "the catalog calls it deleted, the log does not: it was changed outside this program, "
            "and none of its keys is destroyed; put the catalog right from the mirror, or restore "
            "a backup",
        )
        for event in deleted
        if stated and not stated.is_deleted(event.event_id)
    ]
