"""Adopt events whose sealed files exist but that are not in the catalog.

So it is after a catalog was restored from an older copy, and for sealed copies of events of an
archive that was lost. What the keys and streams prove is entered; who could open them still can,
but for those who may not now. Names, times and codes come from the manifest of a sealed copy, or
from a catalog that was set aside and whose log states them, where there is one.
"""

from __future__ import annotations

import base64
import json
import os
from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final

from recorder_core.archive import (
    KeyFile,
    SealedPaths,
    check_signature,
    parse_key_file,
    store_key_file,
)
from recorder_core.archive.keyfile import NO_HASH
from recorder_core.archive.segments.tail import tail_segment
from recorder_core.catalog import (
    IDENTITY,
    Action,
    EarlierEvent,
    EventState,
    earlier_event,
    previous_copy,
)
from recorder_core.catalog.model.codes import parse_utc, utc_text
from recorder_core.errors import CatalogError, DataError, NotInCatalog, RecorderError, WrongState
from recorder_core.jobs.archive.access.session import Session
from recorder_core.jobs.archive.acting import acting
from recorder_core.jobs.archive.archive import Archive
from recorder_core.jobs.archive.event.event import ArchivedEvent
from recorder_core.jobs.archive.events.adopted_keys import (
    without_excess_keys,
    without_excess_readers,
)
from recorder_core.jobs.archive.files.leftovers import find_leftovers
from recorder_core.jobs.archive.files.storing import (
    note_key_file,
    note_reader,
    note_readers,
    users_of,
)
from recorder_core.jobs.archive.place.event_lock import lock_event
from recorder_core.jobs.archive.place.folders import CATALOG_NAME, EVENTS_NAME
from recorder_core.jobs.archive.place.roles import ROLES, file_name, make_file_id
from recorder_core.jobs.archive.place.set_aside import set_aside_catalogs
from recorder_core.jobs.archive.sealed_record import record_readers
from recorder_core.media import file_sha256
from recorder_core.model.files.inner_files import (
    EVENT_FOLDERS,
    check_inner,
    folder_fault,
    inner_exists,
    open_inner,
    read_inner,
)

__all__ = [
    "FoundFile",
    "adopt_event",
    "adoptable_events",
    "enter_event",
    "enter_file",
    "files_on_roots",
    "read_manifest",
    "sealed_files",
]

#: stands for what only the catalog knew
UNKNOWN_PROCEDURE: Final = "adopted"


@dataclass(frozen=True, slots=True)
class FoundFile:
    """A sealed file that was found on a disk, and what proves what it is.

    Attributes
    ----------
    key_file : KeyFile
        As read.
    size_bytes : int
        Of the stream.
    sha256 : str or None
        Of the stream; None while it has no end.
    modified_utc : datetime
        When the stream was written last.
    """

    key_file: KeyFile
    size_bytes: int
    sha256: str | None
    modified_utc: datetime


def adoptable_events(session: Session) -> list[str]:
    """Return the events that are not in the catalog and whose files can be taken in."""
    known = {event.event_id for event in session.catalog.events.find()}
    found = {name.split("/")[1] for name in find_leftovers(session)} - known
    return sorted(event_id for event_id in found if files_on_roots(session, event_id))


def adopt_event(archive: Archive, event: str) -> ArchivedEvent:
    """Enter an event whose sealed files lie in the archive into the catalog.

    Parameters
    ----------
    archive : Archive
        Open, for an administrator or an engineer.
    event : str
        Its whole id, because the catalog does not know it: as `adoptable_events` or the
        findings of a repair name it.

    Returns
    -------
    ArchivedEvent
        Recorded, or without its end as a recording that was cut off.

    Raises
    ------
    NotInCatalog
        If there are no files of it that can be taken in.
    WrongState
        If the catalog knows the event.
    """
    with acting(archive, Action.REPAIR_MIRROR, event, detail="adopt") as session:
        with lock_event(session.folders, event):
            found = files_on_roots(session, event)
            if not found:
                raise NotInCatalog(
                    f"there are no files of an event {event} that can be taken in; 'workbench "
                    "mirror verify' names those that can"
                )
            enter_event(session, event, found, _earlier_manifest(session, event))
        return ArchivedEvent(session, session.catalog.events.get(event))


def enter_event(
    session: Session, event_id: str, found: Sequence[FoundFile], manifest: Mapping[str, Any]
) -> None:
    """Store the rows of an event that was found; the caller has asked and holds its lock.

    Its keys are taken from those who may not open it now.

    Parameters
    ----------
    session : Session
        Open.
    event_id : str
        Not in the catalog.
    found : sequence of FoundFile
        Its files, which lie in the archive.
    manifest : mapping
        What a sealed copy says of the event; may be empty.

    Raises
    ------
    WrongState
        If the catalog knows the event.
    """
    try:
        session.catalog.events.get(event_id)
    except NotInCatalog:
        pass
    else:
        raise WrongState(f"event {event_id} is already in the catalog; nothing was taken in")
    with session.catalog.transaction():  # nobody gets another key or profile in between
        _begin(session, event_id, found, manifest)
        for file in found:
            kept = replace(file, key_file=without_excess_keys(session, file.key_file))
            _level_key_files(session, kept)
            enter_file(session, kept)
        for name, text in manifest.get("sealed_records", {}).items():
            _enter_record(session, event_id, name, base64.b64decode(text))
        if any(file.key_file.identity.role == "deidentified" for file in found):
            by = session.identity.actor.user_id
            session.catalog.events.move(event_id, EventState.DEIDENTIFIED, by=by)


def sealed_files(folder: Path, event_id: str) -> list[FoundFile]:
    """Return the files of an event below a root, or a folder of sealed copies, that are whole.

    A file that was being recorded counts without its end where its first segment can be read, and
    no later whole one has taken its place, as the table of signals does of their log.
    """
    found = []
    for path in sorted((folder / EVENTS_NAME / event_id).glob("*.key")):
        is_inside = folder_fault(path, EVENT_FOLDERS) is None
        file = _read_found(path.with_suffix(""), event_id) if is_inside else None
        if file is not None:
            found.append(file)
    whole = {
        (file.key_file.identity.role, file.key_file.identity.generation)
        for file in found
        if file.sha256 is not None
    }
    return [file for file in found if file.sha256 or not _is_replaced(file, whole)]


def _is_replaced(file: FoundFile, whole: Collection[tuple[str, int]]) -> bool:
    identity = file.key_file.identity
    return any(role == identity.role and made > identity.generation for role, made in whole)


def read_manifest(folder: Path, event_id: str) -> dict[str, Any]:
    """Return what a folder of sealed copies says of an event; empty if it says nothing.

    Raises
    ------
    DataError
        If it is damaged.
    """
    path = folder / f"{event_id}.sealed.json"
    try:
        content = json.loads(read_inner(path))
    except FileNotFoundError:
        return {}
    except (OSError, ValueError, RecursionError) as error:
        raise DataError(f"{path.name} is damaged; copy the event again") from error
    if not isinstance(content, dict):
        raise DataError(f"{path.name} is damaged; copy the event again")
    return content


def _earlier_manifest(session: Session, event_id: str) -> dict[str, Any]:
    """Return what a catalog that is not in use says of an event, as `read_manifest` does."""
    trust = session.trust().row_hash
    for path in _earlier_catalogs(session) if trust else ():
        with suppress(CatalogError):  # what is damaged says nothing
            found = earlier_event(path, event_id, trust, check_signature)
            if found is not None and found.event.state is not EventState.DELETED:
                return _as_manifest(found)
    return {}


def _earlier_catalogs(session: Session) -> Iterator[Path]:
    for root in session.folders.roots():
        yield from set_aside_catalogs(root, CATALOG_NAME)
        if inner_exists(previous := previous_copy(root / CATALOG_NAME)):
            yield previous


def _as_manifest(found: EarlierEvent) -> dict[str, Any]:
    event = found.event
    return {
        "site_code": event.site_code,
        "procedure_code": event.procedure_code,
        "started_utc": utc_text(event.started_utc),
        "duration_seconds": event.duration_seconds,
        "sealed_records": {
            record.record_name: base64.b64encode(record.sealed).decode("ascii")
            for record in found.records
            if record.record_name == IDENTITY
        },
    }


def files_on_roots(session: Session, event_id: str) -> list[FoundFile]:
    """Return each file from the root where it is whole, the folder in use first."""
    by_id: dict[str, FoundFile] = {}
    for root in session.folders.roots():
        for file in sealed_files(root, event_id):
            known = by_id.setdefault(make_file_id(file.key_file.identity), file)
            if known.sha256 is None and file.sha256 is not None:
                by_id[make_file_id(file.key_file.identity)] = file
    return list(by_id.values())


def _level_key_files(session: Session, file: FoundFile) -> None:
    """Replace the key files of a file by the one that counts; a cut-off step may have left another.

    If it ends before the catalog has the file, it can be taken in again.
    """
    name = file_name(make_file_id(file.key_file.identity))
    on = [root for root in session.folders.roots() if SealedPaths.of(root / name).key.exists()]
    store_key_file(on, name, file.key_file)


def _read_found(base: Path, event_id: str) -> FoundFile | None:
    """Return a file if its key file is sound and belongs here, and its stream is whole."""
    paths = SealedPaths.of(base)
    try:
        key_file = parse_key_file(read_inner(paths.key), paths.key.name)
        status = check_inner(paths.stream)
        identity, done = key_file.identity, key_file.completion
        if make_file_id(identity) != f"{event_id}/{base.name}" or identity.role not in ROLES:
            return None
        if done is None:
            is_recorded = ROLES[identity.role].recorded_as is not None
            whole = is_recorded and _has_content(paths, key_file)
            sha256 = None
        else:
            sha256 = file_sha256(paths.stream)
            whole = status.st_size == done.stream_bytes and done.sha256 in (sha256, NO_HASH)
    except (OSError, RecorderError):
        return None
    modified = datetime.fromtimestamp(status.st_mtime, UTC)
    return FoundFile(key_file, status.st_size, sha256, modified) if whole else None


def _has_content(paths: SealedPaths, key_file: KeyFile) -> bool:
    """Return whether a stream without an end has its beginning, in the stream or in the tail.

    A file whose head is kept until its end, such as an import, may have a hole there.
    """
    with os.fdopen(open_inner(paths.stream), "rb") as stream:
        stream.seek(key_file.layout.stream_offset(0))
        beginning = stream.read(64)
    if beginning:
        return any(beginning)
    return paths.tail.exists() and tail_segment(read_inner(paths.tail)) == 0


def _begin(
    session: Session, event_id: str, found: Sequence[FoundFile], manifest: Mapping[str, Any]
) -> None:
    events, by = session.catalog.events, session.identity.actor.user_id
    site = str(manifest.get("site_code") or session.folders.info.site_code)
    procedure = str(manifest.get("procedure_code") or UNKNOWN_PROCEDURE)
    text, seconds = manifest.get("started_utc"), manifest.get("duration_seconds")
    started = parse_utc(text) if text else min(file.modified_utc for file in found)
    if any(file.sha256 is None for file in found):
        events.begin(
            event_id=event_id,
            site_code=site,
            procedure_code=procedure,
            started_utc=started,
            by=by,
        )
        return
    events.add_recorded(
        event_id,
        site_code=site,
        procedure_code=procedure,
        started_utc=started,
        duration_seconds=None if seconds is None else float(seconds),
        by=by,
    )


def enter_file(session: Session, file: FoundFile) -> None:
    """Store the row of a file that was found, and who can open it; inside a transaction."""
    contents, identity = session.catalog.contents, file.key_file.identity
    file_id = make_file_id(identity)
    if file.sha256 is None:
        contents.open_file(identity.event_id, identity.role, file_id=file_id)
    else:
        contents.add_file(
            identity.event_id,
            identity.role,
            size_bytes=file.size_bytes,
            sha256=file.sha256,
            segment_count=file.key_file.layout.segment_count(file.size_bytes),
            file_id=file_id,
        )
    note_key_file(session, file_id, file.key_file)
    note_readers(session, identity.event_id, identity.role, file.key_file)


def _enter_record(session: Session, event_id: str, name: str, sealed: bytes) -> None:
    sealed = without_excess_readers(session, event_id, sealed)
    session.catalog.events.put_sealed(event_id, name, sealed)
    if name == IDENTITY:
        for user_id in users_of(session, record_readers(sealed)):
            note_reader(session, event_id, IDENTITY, user_id)
