"""Copy events as they lie in the archive: still encrypted, with their keys as granted.

For a backup, or for a second site whose people hold keys of this archive. The folder is laid
out like an archive's own, so that ``workbench mirror repair --from`` finds what it needs::

    FOLDER/events/EVENT/ROLE.N.sealed   the stream
                        ROLE.N.key      who can open it, and what it is
           EVENT.sealed.json            what is there, with hashes; the names, sealed
"""

from __future__ import annotations

import base64
import os
from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from recorder_core.archive import SealedPaths, format_key_file, read_any_key_file
from recorder_core.catalog import Action, EventFile
from recorder_core.catalog.model.codes import utc_text
from recorder_core.errors import ArchiveError, WrongState
from recorder_core.jobs.archive.access.session import Session
from recorder_core.jobs.archive.acting import acting_on
from recorder_core.jobs.archive.archive import Archive
from recorder_core.jobs.archive.event.event import ArchivedEvent
from recorder_core.jobs.archive.place.roles import StoredFile, role_of
from recorder_core.jobs.archive.place.taking_out import (
    CHUNK_BYTES,
    ByteCounter,
    make_event_folder,
    write_manifest,
    write_verified,
)
from recorder_core.jobs.progress import Progress, no_progress
from recorder_core.model.files.inner_files import EVENT_FOLDERS, open_inner
from recorder_core.version import __version__

__all__ = [
    "SEALED_COPY_NOTICE",
    "SealedCopyFile",
    "SealedCopyResult",
    "copy_sealed",
    "copy_stream",
    "read_chunks",
]

#: what every interface shows with sealed copies
SEALED_COPY_NOTICE = (
    "These files are encrypted. They open with the keys of the people named, as granted at this "
    "moment, and with the recovery words of this archive. A key that is revoked later still "
    "opens this copy, and deleting the event does not reach it: destroy the copy too."
)


@dataclass(frozen=True, slots=True)
class SealedCopyFile:
    """One sealed file as it was written and read back.

    Attributes
    ----------
    role : str
        What it holds.
    name : str
        Path of the stream below the folder.
    size_bytes, sha256 : int, str
        Of the stream; the same as in the catalog.
    key_sha256 : str
        Of the key file beside it.
    readers : tuple of str
        Logins of those whose key opens it.
    """

    role: str
    name: str
    size_bytes: int
    sha256: str
    key_sha256: str
    readers: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class SealedCopyResult:
    """What was copied of one event."""

    event_id: str
    manifest: Path
    files: tuple[SealedCopyFile, ...]


def copy_sealed(
    archive: Archive,
    event: str,
    folder: Path,
    progress: Progress = no_progress,
) -> SealedCopyResult:
    """Copy the sealed files of an event that this person may take.

    An administrator takes all of them, and can open none; others take sealed what they may
    export in clear.

    Parameters
    ----------
    archive : Archive
        Open.
    event : str
        Its id, or a beginning of it that fits no other.
    folder : Path
        Made if it is not there; several events may lie in one.
    progress : callable, optional
        Told how many MiB of all are written.

    Raises
    ------
    NotAllowed
        If the profile may take nothing of it.
    WrongState
        If nothing of it is complete or released.
    ArchiveError
        If a file is damaged on archive and mirror.
    EncodeError
        If the folder cannot be written, or what was read back differs.
    """
    with acting_on(archive, event, Action.COPY_SEALED) as (session, found):
        rows = _choose(session, found)
        counter = ByteCounter(progress, sum(row.size_bytes for row in rows))
        files = tuple(_copy(session, found, row, folder, counter) for row in rows)
        manifest = folder / f"{found.event_id}.sealed.json"
        write_manifest(manifest, _manifest(session, found, files))
    return SealedCopyResult(found.event_id, manifest, files)


def _choose(session: Session, event: ArchivedEvent) -> list[EventFile]:
    rows = [row for row in event.files() if _may_take(session, event, row)]
    if not rows:
        raise WrongState(
            f"event {event.event_id} is {event.row.state} and has nothing that you may copy"
        )
    return rows


def _may_take(session: Session, event: ArchivedEvent, row: EventFile) -> bool:
    if session.may(Action.COPY_ALL_SEALED):
        return True
    role = role_of(row.role)
    return session.may(role.export) and (event.is_released or not role.is_of_copy)


def _copy(
    session: Session, event: ArchivedEvent, row: EventFile, folder: Path, counter: ByteCounter
) -> SealedCopyFile:
    file = session.stored(row)
    paths = SealedPaths.of(folder / file.name)
    with session.audited(Action.COPY_SEALED, event.event_id, detail=f"role:{row.role}"):
        make_event_folder(paths.stream.parent)
        key_file = read_any_key_file(session.folders.roots(), file.name, file.identity)
        key_sha256 = write_verified(paths.key, [format_key_file(key_file)], counter)
        copy_stream(session, file, paths.stream, counter)
    keys = [entry.public_key for entry in key_file.entries]
    readers = tuple(session.stated_keys([]).owners(keys))
    name = str(paths.stream.relative_to(folder))
    return SealedCopyFile(row.role, name, row.size_bytes, row.sha256, key_sha256, readers)


def copy_stream(session: Session, file: StoredFile, target: Path, counter: ByteCounter) -> None:
    """Copy a stream from a root where its hash is the catalog's."""
    for root in session.folders.roots():
        source = SealedPaths.of(root / file.name).stream
        with suppress(_UnreadableError):
            if write_verified(target, read_chunks(source), counter) == file.row.sha256:
                return
    target.unlink(missing_ok=True)
    raise ArchiveError(
        f"{file.row.file_id} has no good copy; 'workbench mirror scrub' says what is damaged"
    )


class _UnreadableError(ArchiveError):
    """A copy in the archive, or in a backup of it, cannot be read."""


def read_chunks(source: Path) -> Iterator[bytes]:
    """Yield the bytes of a file of the archive, or of a backup; ArchiveError if unreadable."""
    try:
        with os.fdopen(open_inner(source, folders=EVENT_FOLDERS), "rb") as stream:
            while chunk := stream.read(CHUNK_BYTES):
                yield chunk
    except OSError as error:
        raise _UnreadableError(f"{source} cannot be read ({error.strerror})") from error


def _manifest(
    session: Session, event: ArchivedEvent, files: Sequence[SealedCopyFile]
) -> dict[str, Any]:
    row, catalog = event.row, session.catalog
    may_read_names = session.may(Action.COPY_ALL_SEALED) or session.may(Action.READ_IDENTITY)
    names = {
        name: base64.b64encode(catalog.events.get_sealed(event.event_id, name)).decode("ascii")
        for name in catalog.events.sealed_names(event.event_id)
        if may_read_names
    }
    return {
        "program": f"surgery-workbench {__version__}",
        "archive": session.folders.info.archive_id,
        "event": event.event_id,
        "site_code": row.site_code,
        "procedure_code": row.procedure_code,
        "state": row.state.value,
        "started_utc": utc_text(row.started_utc),
        "duration_seconds": row.duration_seconds,
        "copied_utc": utc_text(session.clock()),
        "copied_by": session.identity.actor.user_id,
        "files": [asdict(file) for file in files],
        "sealed_records": names,
        "notice": SEALED_COPY_NOTICE,
    }
