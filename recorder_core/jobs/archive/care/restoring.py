"""Make an archive of a backup again: users, grants, events, reviews, log, retention and files."""

from __future__ import annotations

import shutil
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Final

from recorder_core.archive import SealedPaths
from recorder_core.archive.disk.durable import FOLDER_MODE
from recorder_core.catalog import (
    Action,
    Actor,
    Catalog,
    Profile,
    check_catalog,
    copy_catalog,
)
from recorder_core.catalog.audit.anchors import write_anchor
from recorder_core.catalog.audit.chain import RESTORED
from recorder_core.catalog.model.codes import UNKNOWN_USER_ID
from recorder_core.errors import ArchiveError, CatalogError, EncodeError
from recorder_core.jobs.archive.care.backup_folder import read_backup
from recorder_core.jobs.archive.care.sealed_copies import read_chunks
from recorder_core.jobs.archive.place.folders import (
    ANCHOR_NAME,
    CATALOG_NAME,
    EVENTS_NAME,
    ArchiveInfo,
    begun_by,
    read_info,
)
from recorder_core.jobs.archive.place.making import being_made, finish_root, make_root
from recorder_core.jobs.archive.place.places import refuse_inside, refuse_nested
from recorder_core.jobs.archive.place.taking_out import ByteCounter, write_verified
from recorder_core.jobs.progress import Progress, no_progress
from recorder_core.model.files.inner_files import EVENT_FOLDERS, check_inner, inner_exists
from recorder_core.model.values.counts import format_count

__all__ = ["RestoreReport", "restore_archive"]

#: begins what a restore leaves in a folder that it has not finished
_COMMAND: Final = "workbench archive restore"


@dataclass(frozen=True, slots=True)
class RestoreReport:
    """What was restored.

    Attributes
    ----------
    folder : Path
        The archive's own folder from now on; it has no mirror yet.
    file_count : int
        Sealed files that are whole.
    faults : tuple of str
        What the backup did not hold, or held damaged.
    """

    folder: Path
    file_count: int
    faults: tuple[str, ...]


def restore_archive(backup: Path, folder: Path, progress: Progress = no_progress) -> RestoreReport:
    """Restore a backup into an empty folder; the archive and its mirror are not touched.

    Parameters
    ----------
    backup : Path
        That ``workbench archive backup`` finished.
    folder : Path
        Empty, not there, or left by a restore that was cut off; it becomes the archive's own
        folder, without a mirror.
    progress : callable, optional
        Told how many MiB of all are written.

    Raises
    ------
    ArchiveError
        If the backup was not finished or files of it are missing, or the folder is used.
    CatalogError
        If its catalog is damaged.
    SettingsError
        If the folder lies in the backup, or in that of an archive, a mirror or another backup.
    EncodeError
        If the folder cannot be written.
    """
    listed = read_backup(backup)
    info = _check(backup, listed)
    refuse_nested(folder, backup, "backup")
    refuse_inside(folder, "archive")
    here = str(folder.resolve())
    begun = f"{_COMMAND} {backup} {folder}"
    counter = ByteCounter(progress, sum(entry["bytes"] for entry in listed["files"].values()))
    faults = [*listed["missing"].values()]
    with being_made(folder):
        _clear_cut_off(folder)
        make_root(folder, replace(info, folder=here, mirror=None), begun=begun)
        for name, entry in listed["files"].items():
            faults += _copy_file(backup, folder, name, entry, counter)
        _restore_catalog(backup, folder)
        finish_root(folder)
    return RestoreReport(folder, len(listed["files"]) - len(faults), tuple(faults))


def _clear_cut_off(folder: Path) -> None:
    """Remove the copies that a restore into this folder left when it was cut off.

    Raises
    ------
    EncodeError
        If they cannot be removed.
    """
    if not begun_by(folder).startswith(_COMMAND):
        return
    try:
        shutil.rmtree(folder / EVENTS_NAME)
    except FileNotFoundError:
        return
    except OSError as error:
        raise EncodeError(
            f"{folder} holds a restore that was cut off, which cannot be removed "
            f"({error.strerror}); choose another folder"
        ) from error


def _check(backup: Path, listed: Mapping[str, Any]) -> ArchiveInfo:
    """Refuse a backup of which something is missing."""
    info = read_info(backup)
    head = check_catalog(backup / CATALOG_NAME)
    if listed["archive"] != info.archive_id or head.seq > listed["audit_head"]["seq"]:
        raise ArchiveError(
            f"the backup in {backup} was started again and not finished; repeat 'workbench archive "
            f"backup {backup}'"
        )
    missing = [
        name
        for name, entry in listed["files"].items()
        if not _is_there(SealedPaths.of(backup / name), entry["bytes"])
    ]
    if missing:
        raise ArchiveError(
            f"{format_count(len(missing), 'file')} of the backup in {backup} missing or cut off: "
            f"{missing[0]}{' and others' * (len(missing) > 1)}; repeat the backup, or take what is "
            f"there with 'workbench mirror repair --from {backup}' in a new archive"
        )
    return info


def _is_there(paths: SealedPaths, size_bytes: int) -> bool:
    try:
        check_inner(paths.key, folders=EVENT_FOLDERS)
        return check_inner(paths.stream, folders=EVENT_FOLDERS).st_size == size_bytes
    except OSError:
        return False


def _copy_file(
    backup: Path, folder: Path, name: str, entry: Mapping[str, Any], counter: ByteCounter
) -> list[str]:
    """Copy one sealed file, and say if its hash is not the one that was noted."""
    source, target = SealedPaths.of(backup / name), SealedPaths.of(folder / name)
    target.stream.parent.mkdir(mode=FOLDER_MODE, parents=True, exist_ok=True)
    key_sha256 = write_verified(target.key, read_chunks(source.key), counter)
    sha256 = write_verified(target.stream, read_chunks(source.stream), counter)
    if inner_exists(source.tail, folders=EVENT_FOLDERS):
        write_verified(target.tail, read_chunks(source.tail), counter)
    if (sha256, key_sha256) == (entry["sha256"], entry["key_sha256"]):
        return []
    return [f"{name} is damaged in the backup: its hash is not the one that was noted"]


def _restore_catalog(backup: Path, folder: Path) -> None:
    path = folder / CATALOG_NAME
    try:
        head = copy_catalog(backup / CATALOG_NAME, path)
    except CatalogError:
        raise
    except OSError as error:
        raise ArchiveError(f"{folder} cannot be written ({error.strerror})") from error
    if head is not None:
        write_anchor(folder / ANCHOR_NAME, head)
    # nobody signs in to restore: the row says that it was done, and when
    with Catalog(path, anchors=[folder / ANCHOR_NAME]) as catalog:
        actor = Actor(UNKNOWN_USER_ID, Profile.ADMINISTRATOR)
        catalog.audit.append(actor, Action.MANAGE_SETTINGS, detail=RESTORED)
