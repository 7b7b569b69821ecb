"""Back an archive up while it is in use: sealed files as they lie there, and the catalog.

::

    FOLDER/archive.json       what this is a backup of
           catalog.db         events, users, grants, reviews, audit
           events/EVENT/...   sealed files and key files, as in the archive
           backup.json        what is there, with hashes; written last

A later backup into the same folder reads what is there, copies what is new, and copies again what
is damaged. What was deleted in the archive since has
its keys destroyed in the backup too; a backup on a medium that is put away keeps them.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from recorder_core.archive import (
    SealedPaths,
    check_signature,
    destroy_keys,
    format_key_file,
    read_any_key_file,
)
from recorder_core.archive.disk.durable import close_folder, replace_file
from recorder_core.catalog import (
    Action,
    EventState,
    check_catalog,
    copy_catalog,
    mend_rows,
    previous_copy,
)
from recorder_core.catalog.model.codes import utc_text
from recorder_core.errors import ArchiveError, CatalogDamaged, CatalogError, EncodeError
from recorder_core.jobs.archive.access.session import Session
from recorder_core.jobs.archive.acting import acting
from recorder_core.jobs.archive.archive import Archive
from recorder_core.jobs.archive.care.backup_folder import FORMAT, begun_backup
from recorder_core.jobs.archive.care.sealed_copies import copy_stream, read_chunks
from recorder_core.jobs.archive.files.leftovers import remove_streams
from recorder_core.jobs.archive.files.stated import Statements
from recorder_core.jobs.archive.place.event_lock import is_being_written
from recorder_core.jobs.archive.place.folders import CATALOG_NAME, EVENTS_NAME
from recorder_core.jobs.archive.place.places import BACKUP_NAME
from recorder_core.jobs.archive.place.roles import StoredFile
from recorder_core.jobs.archive.place.taking_out import (
    ByteCounter,
    make_event_folder,
    read_back_sha256,
    write_verified,
)
from recorder_core.jobs.progress import Progress, no_progress
from recorder_core.model.files.inner_files import (
    EVENT_FOLDERS,
    check_inner,
    inner_exists,
    inner_folders,
)
from recorder_core.version import __version__

__all__ = ["BackupReport", "backup_archive"]


@dataclass(frozen=True, slots=True)
class BackupReport:
    """What a backup holds now.

    Attributes
    ----------
    folder : Path
        Where it is.
    file_count : int
        Sealed files in it.
    copied_count, copied_bytes : int
        How many were copied this time; the others were there.
    event_count : int
        Events in its catalog, deleted ones too.
    faults : tuple of str
        What has no good copy in the archive, and is missing; what the backup keeps although
        the archive's catalog lacks it or has it otherwise, and the log does not say why.
    running : tuple of str
        Events that are being recorded at this moment: their video is in the next backup.
    repaired : tuple of str
        What was damaged or missing in the backup since the last one, and is whole again.
    """

    folder: Path
    file_count: int
    copied_count: int
    copied_bytes: int
    event_count: int
    faults: tuple[str, ...]
    running: tuple[str, ...]
    repaired: tuple[str, ...]


def backup_archive(
    archive: Archive, folder: Path, progress: Progress = no_progress
) -> BackupReport:
    """Copy everything that an archive is into a folder on another disk; no key is opened.

    Parameters
    ----------
    archive : Archive
        Open, for an administrator; others may record meanwhile.
    folder : Path
        Empty, or with an earlier backup of this archive.
    progress : callable, optional
        Told how many MiB of all are written.

    Raises
    ------
    SettingsError
        If the folder lies in the archive or its mirror, or around them, or in that of another
        archive, mirror or backup.
    ArchiveError
        If something else is in the folder, or a backup of a later state of the archive, or
        another backup is written there at this moment (FolderInUse).
    EncodeError
        If it cannot be written; what is there stays, and the backup can be repeated.
    CatalogError
        If the catalog is damaged.
    """
    with (
        acting(archive, Action.COPY_ALL_SEALED, detail="backup") as session,
        begun_backup(session, folder) as (before, repaired),
    ):
        work = _Backup(session, folder, before, repaired, progress)
        work.copy_new()
        work.copy_catalog()
        work.copy_new()  # what became complete meanwhile is in that catalog
        work.destroy_deleted()
        return work.finish()


def _size_bytes(stream: Path) -> int:
    """Return the size of a stream; -1 if there is none that is the folder's own."""
    try:
        return check_inner(stream, folders=EVENT_FOLDERS).st_size
    except OSError:
        return -1


class _Backup:
    """One run: what was copied so far."""

    def __init__(
        self,
        session: Session,
        folder: Path,
        before: Mapping[str, Any],
        repaired: Sequence[str],
        progress: Progress,
    ) -> None:
        self._session, self._folder, self._before = session, folder, before
        self._repaired = list(repaired)
        self._files: dict[str, dict[str, Any]] = {}
        self._faults: dict[str, str] = {}
        self._disputed: list[str] = []
        self._running: list[str] = []
        self._copied = 0
        rows = [file.row.size_bytes for file in self._stored()]
        self._counter = ByteCounter(progress, sum(rows))
        self._bytes = 0

    def copy_new(self) -> None:
        """Copy the files of the catalog that are not in the backup yet, and every key file."""
        self._running = []
        for file in self._stored():
            event_id = file.row.event_id
            if not file.row.is_complete and is_being_written(self._session.folders, event_id):
                self._running += [] if event_id in self._running else [event_id]
                continue
            try:
                self._copy(file)
                self._faults.pop(file.row.file_id, None)
            except ArchiveError as error:
                self._faults[file.row.file_id] = str(error)

    def copy_catalog(self) -> None:
        """Copy the catalog, in place of an earlier or damaged copy.

        Raises
        ------
        ArchiveError
            If the copy that is there knows more than the archive.
        """
        target = self._folder / CATALOG_NAME
        try:
            self._remove_damaged_catalog(target)
            source = self._session.catalog.path
            head = copy_catalog(source, target, mend=self._mend_catalog)
            previous_copy(target).unlink(missing_ok=True)
        except CatalogError:
            raise
        except OSError as error:
            raise EncodeError(
                f"the catalog cannot be written to {self._folder} ({error.strerror}); free up "
                "space and repeat the backup"
            ) from error
        if head is None:
            raise ArchiveError(
                f"the backup in {self._folder} was made from a later or another state of this "
                "archive: its log has rows that the archive's lacks; keep it, and choose an empty "
                "folder for this backup"
            )

    def _mend_catalog(self, copy: Path, present: Path) -> None:
        """Keep rows that only the backup still has as the log states them."""
        for row in mend_rows(copy, present, check_signature):
            self._disputed.append(
                f"{row} of the archive's catalog is not what the log states; the backup keeps it "
                "as it was stated: run 'workbench mirror repair', or restore"
            )

    def _remove_damaged_catalog(self, target: Path) -> None:
        """Remove a catalog of the backup that is damaged: the archive's takes its place."""
        try:
            check_catalog(target)
        except CatalogDamaged:
            target.unlink()
            self._repaired.append(f"{CATALOG_NAME} was damaged; it was copied again")
        except CatalogError:
            if target.exists():
                raise
            if self._before:
                self._repaired.append(f"{CATALOG_NAME} was missing; it was copied again")

    def destroy_deleted(self) -> None:
        """Destroy in the backup what was deleted in the archive, or replaced there.

        Only where the signed log says so; what the catalog just does not name is kept and named.
        """
        stated = Statements(self._session)
        known = {file.name for file in self._stored()}
        folders = inner_folders(self._folder, EVENTS_NAME)
        for path in (path for folder in folders for path in sorted(folder.glob("*.key"))):
            name = str(path.with_suffix("").relative_to(self._folder))
            if name in known:
                continue
            if stated.is_deleted(path.parent.name) or stated.is_replaced(name):
                destroy_keys([self._folder], name)
                remove_streams(self._folder, name)
            else:
                self._keep_unnamed(name)

    def _keep_unnamed(self, name: str) -> None:
        """Keep a file that the catalog lacks, as the earlier backup had it, and name it."""
        if name in self._before:
            self._files[name] = self._before[name]
        self._disputed.append(
            f"{name} is in the backup and not in the catalog, but the log does not say that it was "
            "deleted: the catalog was changed outside this program; the backup keeps it"
        )

    def finish(self) -> BackupReport:
        """Write the list, which makes the backup a whole one."""
        events = self._session.catalog.events.find()
        content = {
            "program": f"surgery-workbench {__version__}",
            "format": FORMAT,
            "archive": self._session.folders.info.archive_id,
            "made_utc": utc_text(self._session.clock()),
            "made_by": self._session.identity.actor.user_id,
            "audit_head": asdict(self._session.catalog.audit.head()),
            "files": self._files,
            "missing": self._faults,
            "running": self._running,
        }
        data = json.dumps(content, indent=1, sort_keys=True).encode("ascii")
        try:
            replace_file(self._folder / BACKUP_NAME, data + b"\n")
        except OSError as error:
            raise EncodeError(f"{self._folder} cannot be written ({error.strerror})") from error
        return BackupReport(
            self._folder,
            len(self._files),
            self._copied,
            self._bytes,
            len(events),
            (*self._faults.values(), *self._disputed),
            tuple(self._running),
            tuple(self._repaired),
        )

    def _stored(self) -> list[StoredFile]:
        return [
            self._session.stored(row)
            for event in self._session.catalog.events.find()
            if event.state is not EventState.DELETED
            for row in self._session.catalog.contents.files(event.event_id)
        ]

    def _copy(self, file: StoredFile) -> None:
        roots = self._session.folders.roots()
        paths = SealedPaths.of(self._folder / file.name)
        make_event_folder(paths.stream.parent)
        close_folder(paths.stream.parent)
        key = format_key_file(read_any_key_file(roots, file.name, file.identity))
        self._name_damaged_key(file.name, paths.key, key)
        key_sha256 = write_verified(paths.key, [key], self._counter)
        if file.row.is_complete:
            self._copy_stream(file, paths.stream)
            sha256, size = file.row.sha256, file.row.size_bytes
        else:
            sha256, size = self._copy_cut(file, paths)
        self._files[file.name] = {"sha256": sha256, "bytes": size, "key_sha256": key_sha256}

    def _name_damaged_key(self, name: str, path: Path, key: bytes) -> None:
        """Name a key file of the backup that is neither what it was nor what it will be."""
        if name in self._before and name not in self._files:
            known = {self._before[name]["key_sha256"], hashlib.sha256(key).hexdigest()}
            if _sha256(path) not in known:
                self._repaired.append(f"{name}.key was damaged or missing; it was copied again")

    def _copy_stream(self, file: StoredFile, target: Path) -> None:
        """Copy a stream unless the backup holds it whole; the damaged one goes last."""
        wanted = file.row.sha256
        if self._files.get(file.name, {}).get("sha256") == wanted:
            return
        if _sha256(target) == wanted:
            self._counter.add(file.row.size_bytes)
            return
        aside = target.with_name(f"{target.name}.damaged")
        if target.exists():
            target.replace(aside)
        try:
            copy_stream(self._session, file, target, self._counter)
        except BaseException:
            # damaged is more than nothing
            if aside.exists() and not target.exists():
                aside.replace(target)
            raise
        aside.unlink(missing_ok=True)
        self._note(file.row.size_bytes)
        if self._before.get(file.name, {}).get("sha256") == wanted:
            self._repaired.append(
                f"{target.name} of {file.row.event_id} was damaged or missing; it was copied again"
            )

    def _copy_cut(self, file: StoredFile, paths: SealedPaths) -> tuple[str, int]:
        """Copy a recording that was cut off, from the root that has most of it."""
        roots = self._session.folders.roots_with(file.name)
        sources = [SealedPaths.of(root / file.name) for root in roots]
        longest = max(sources, key=lambda source: _size_bytes(source.stream))
        sha256 = write_verified(paths.stream, read_chunks(longest.stream), self._counter)
        if inner_exists(longest.tail, folders=EVENT_FOLDERS):
            write_verified(paths.tail, read_chunks(longest.tail), self._counter)
        size = paths.stream.stat().st_size
        self._note(size)
        return sha256, size

    def _note(self, size_bytes: int) -> None:
        self._copied += 1
        self._bytes += size_bytes


def _sha256(path: Path) -> str:
    """Return the hash of a file of the backup; empty where it cannot be read."""
    try:
        check_inner(path, folders=EVENT_FOLDERS)
        return read_back_sha256(path)
    except OSError:
        return ""
