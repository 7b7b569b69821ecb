"""Take files out of the archive: decrypted, verified after writing, with a manifest.

A folder on a USB disk gets ``EVENT.ROLE.suffix`` for each file and ``EVENT.manifest.json``,
which says what is there, with sizes and hashes. Nothing in it names a person.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from recorder_core.archive import SealedReader
from recorder_core.catalog import Action, EventFile
from recorder_core.catalog.model.codes import utc_text
from recorder_core.errors import EncodeError, SettingsError, WrongState
from recorder_core.jobs.archive.access.session import Session
from recorder_core.jobs.archive.acting import find_on
from recorder_core.jobs.archive.archive import Archive
from recorder_core.jobs.archive.event.event import ArchivedEvent
from recorder_core.jobs.archive.place.roles import ROLES, file_suffix, role_of
from recorder_core.jobs.archive.place.taking_out import (
    ByteCounter,
    make_folder,
    write_manifest,
    write_verified,
)
from recorder_core.jobs.progress import Progress, no_progress
from recorder_core.model.values.json_text import parse_json
from recorder_core.version import __version__

__all__ = ["ExportResult", "ExportedFile", "export_event", "open_copy", "open_for_export"]


@dataclass(frozen=True, slots=True)
class ExportedFile:
    """One file as it was written and read back."""

    role: str
    name: str
    size_bytes: int
    #: of the file in clear, read back from the disk
    sha256: str
    #: of the sealed file that it was made from
    sealed_sha256: str


@dataclass(frozen=True, slots=True)
class ExportResult:
    """What was taken out."""

    folder: Path
    manifest: Path
    files: tuple[ExportedFile, ...]


def export_event(
    archive: Archive,
    event: str,
    folder: Path,
    roles: Sequence[str] | None = None,
    progress: Progress = no_progress,
    *,
    overwrite: bool = False,
) -> ExportResult:
    """Write files of an event in clear to a folder, such as one on a USB disk.

    Parameters
    ----------
    archive : Archive
        Open.
    event : str
        Its id, or a beginning of it that fits no other.
    folder : Path
        Made if it is not there.
    roles : sequence of str, optional
        Which files; when not given, all that the profile may take and that are released.
    progress : callable, optional
        Told how many MiB of all are written.
    overwrite : bool, default False
        Replace what an earlier export left in the folder.

    Returns
    -------
    ExportResult
        Every file was read back from the disk and compared.

    Raises
    ------
    NotAllowed
        If the profile may not take a file.
    WrongState
        If a copy is not released.
    SettingsError
        If one of the files is there already; nothing was written then.
    EncodeError
        If the folder cannot be written, or what was read back differs; the file that
        was being written is removed.
    """
    session, found = find_on(archive, event, Action.EXPORT_RELEASED)
    rows = _choose(session, found, roles)
    if not overwrite:
        _refuse_existing(folder, [_stem(row) for row in rows])
    make_folder(folder)
    counter = ByteCounter(progress, sum(row.size_bytes for row in rows))
    files = tuple(_export(session, found, row, folder, counter) for row in rows)
    manifest = folder / f"{found.event_id}.manifest.json"
    write_manifest(manifest, _manifest(session, found, _with_earlier(manifest, files)))
    return ExportResult(folder, manifest, files)


def open_copy(
    archive: Archive,
    event: str,
    folder: Path,
    progress: Progress = no_progress,
    *,
    overwrite: bool = False,
) -> ExportedFile:
    """Write the de-identified copy in clear for the person who is to release it, released or not.

    Parameters
    ----------
    archive : Archive
        Open, for a reviewer.
    event : str
        Its id, or a beginning of it that fits no other.
    folder : Path
        Made if it is not there; the file's name says that it is for the review.
    progress : callable, optional
        Told how many MiB are written.
    overwrite : bool, default False
        Replace a file that an earlier call left in the folder.

    Raises
    ------
    NotInCatalog
        If the event has no copy.
    SettingsError
        If the file is there already.
    NotAllowed
        If the profile may not open a copy that is not released.
    EncodeError
        If the folder cannot be written, or what was read back differs.
    """
    session, found = find_on(archive, event, Action.VIEW_DEIDENTIFIED)
    role = "deidentified"
    known = session.catalog.contents.files(found.event_id, role)
    detail = " ".join([f"role:{role}", *(f"file:{row.file_id}" for row in known[-1:])])
    with session.audited(Action.VIEW_DEIDENTIFIED, found.event_id, detail=detail):
        row, stem = found.file(role), f"{found.event_id}.for-review"
        if not overwrite:
            _refuse_existing(folder, [stem])
        make_folder(folder)
        counter = ByteCounter(progress, row.size_bytes)
        return _write(session, row, folder, stem, counter)


def open_for_export(archive: Archive, event: str, role: str) -> tuple[SealedReader, str]:
    """Open the newest file of a kind to be taken out, as `export_event` would; it is logged so.

    Parameters
    ----------
    archive : Archive
        Open.
    event : str
        Its id, or a beginning of it that fits no other.
    role : str
        Kind of file.

    Returns
    -------
    SealedReader
        The content, in clear while it is read.
    str
        What the file is called outside.

    Raises
    ------
    NotAllowed, NotInCatalog, WrongState
        As for :func:`export_event`.
    """
    session, found = find_on(archive, event, role_of(role).export)
    with _exporting(session, found, role):
        row = found.file(role)
        reader = session.open_sealed(session.stored(row))
        return reader, f"{_stem(row)}{file_suffix(role, reader)}"


def _refuse_existing(folder: Path, stems: Sequence[str]) -> None:
    """Raise if a folder holds a file of one of these names, whatever its container."""
    for stem in stems:
        for path in folder.glob(f"{stem}.*"):
            raise SettingsError(
                f"{path.name} is in {folder} already; give --overwrite to replace it, or another "
                "folder"
            )


def _choose(session: Session, event: ArchivedEvent, roles: Sequence[str] | None) -> list[EventFile]:
    if roles:
        return [row for role in dict.fromkeys(roles) for row in _all(event, role)]
    present = {row.role: row for row in event.files() if row.role in ROLES}
    rows = [
        row
        for role, row in ((ROLES[name], row) for name, row in present.items())
        if role.is_deidentified and session.may(role.export)
        if event.is_released or not role.is_of_copy
    ]
    if not rows:
        # the refusal is logged like any other
        with session.audited(Action.EXPORT_RELEASED, event.event_id):
            raise WrongState(
                f"event {event.event_id} has nothing released to export; sign it off first, or "
                "name what to export with --role"
            )
    return rows


def _all(event: ArchivedEvent, role: str) -> list[EventFile]:
    """Return the file of a role, or all of those of which an event has several."""
    newest = event.file(role)
    if not role_of(role).is_numbered:
        return [newest]
    return [row for row in event.files() if row.role == role]


def _export(
    session: Session, event: ArchivedEvent, row: EventFile, folder: Path, counter: ByteCounter
) -> ExportedFile:
    with _exporting(session, event, row.role):
        return _write(session, row, folder, _stem(row), counter)


@contextmanager
def _exporting(session: Session, event: ArchivedEvent, role: str) -> Iterator[None]:
    """Ask whether a kind of file may leave, and log it."""
    kind = role_of(role)
    with session.audited(kind.export, event.event_id, detail=f"role:{role}"):
        if kind.is_of_copy and not event.is_released:
            raise WrongState(
                f"event {event.event_id} is {event.row.state}: its copy is not released, so it "
                "does not leave; a reviewer signs it off"
            )
        yield


def _stem(row: EventFile) -> str:
    number = f".{row.file_id.rpartition('.')[2]}" if role_of(row.role).is_numbered else ""
    return f"{row.event_id}.{row.role}{number}"


def _write(
    session: Session, row: EventFile, folder: Path, stem: str, counter: ByteCounter
) -> ExportedFile:
    with session.open_sealed(session.stored(row)) as reader:
        name = f"{stem}{file_suffix(row.role, reader)}"
        sha256 = write_verified(folder / name, reader.chunks(), counter)
        return ExportedFile(row.role, name, reader.size_bytes, sha256, row.sha256)


def _with_earlier(manifest: Path, files: Sequence[ExportedFile]) -> list[ExportedFile]:
    """Add what an earlier export left in the folder and this one did not replace."""
    try:
        entries = parse_json(manifest.read_bytes())["files"]
        earlier = [ExportedFile(**entry) for entry in entries]
    except FileNotFoundError:
        earlier = []
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise EncodeError(
            f"{manifest.name} in that folder is damaged; choose another folder"
        ) from error
    new = {file.name for file in files}
    kept = [file for file in earlier if file.name not in new]
    return [*(file for file in kept if (manifest.parent / file.name).exists()), *files]


def _manifest(
    session: Session, event: ArchivedEvent, files: Sequence[ExportedFile]
) -> dict[str, Any]:
    return {
        "program": f"surgery-workbench {__version__}",
        "archive": session.folders.info.archive_id,
        "event": event.event_id,
        "procedure_code": event.row.procedure_code,
        "state": event.row.state.value,
        "exported_utc": utc_text(session.clock()),
        "exported_by": session.identity.actor.user_id,
        "files": [asdict(file) for file in files],
        "notice": "De-identified video stays personal data. Check the files with sha256sum.",
    }
