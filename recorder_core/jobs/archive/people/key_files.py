"""The key files of an event: those of the catalog's files, and what else lies on its folders."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

from recorder_core.archive import KeyFile, SealedPaths, change_key_file, parse_key_file
from recorder_core.catalog import IDENTITY, EventState
from recorder_core.errors import ArchiveError
from recorder_core.jobs.archive.access.session import Session
from recorder_core.jobs.archive.files.storing import note_key_file
from recorder_core.jobs.archive.place.folders import EVENTS_NAME
from recorder_core.jobs.archive.place.roles import StoredFile
from recorder_core.jobs.archive.place.set_aside import set_aside_bases
from recorder_core.model.files.inner_files import EVENT_FOLDERS, folder_fault, read_inner

__all__ = ["change_keys", "files_of", "key_files", "sealed_names"]


def sealed_names(session: Session, event_id: str, kind: str) -> list[str]:
    """Return the sealed texts that go with a kind: names and notes are one."""
    return session.catalog.events.sealed_names(event_id) if kind == IDENTITY else []


def files_of(session: Session, event_id: str, kind: str) -> list[StoredFile]:
    """Return the files of one kind of an event, as the catalog has them."""
    if kind == IDENTITY or session.catalog.events.get(event_id).state is EventState.DELETED:
        return []
    return [session.stored(row) for row in session.catalog.contents.files(event_id, kind)]


def change_keys(
    session: Session, file: StoredFile, change: Callable[[KeyFile], KeyFile]
) -> KeyFile:
    """Change the key file of a file on every folder that has one, and note whom it opens for.

    Keys that were revoked go first: they are there again where an older key file was put back,
    and whom it opens for would be noted with them.
    """
    roots = session.folders.roots_with(file.name)
    stated = session.stated_keys([f"sealed_keys {file.row.event_id}"])

    def changed(old: KeyFile) -> KeyFile:
        kept = [
            entry
            for entry in old.entries
            if entry.is_recovery or not stated.is_revoked(file.row, entry.public_key)
        ]
        return change(replace(old, entries=tuple(kept)))

    key_file = change_key_file(roots, file.name, file.identity, changed)
    note_key_file(session, file.row.file_id, key_file)
    return key_file


def key_files(session: Session, event_id: str) -> Iterator[tuple[Path, str, KeyFile]]:
    """Yield every sound key file of an event on a disk, whether the catalog knows it or not.

    What was set aside counts too. One that is damaged opens nothing.

    Yields
    ------
    tuple of Path, str, KeyFile
        Folder of the archive, base path below it, and what lies there.
    """
    for root in session.folders.roots():
        present = sorted((root / EVENTS_NAME / event_id).glob("*.key"))
        bases = [path.with_suffix("") for path in present]
        for base in (*bases, *set_aside_bases(root, event_id)):
            key_file = _key_file_of(base)
            if key_file is not None:
                yield root, str(base.relative_to(root)), key_file


def _key_file_of(base: Path) -> KeyFile | None:
    path = SealedPaths.of(base).key
    if folder_fault(path, EVENT_FOLDERS) is not None:
        return None
    try:
        return parse_key_file(read_inner(path), str(base))
    except (ArchiveError, OSError):
        return None
