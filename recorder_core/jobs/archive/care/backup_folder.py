"""What lies in the folder of a backup: its list, and whether it is a backup of this archive."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path
from typing import Any, Final, Literal

from recorder_core.archive.disk.durable import FOLDER_MODE, close_folder
from recorder_core.archive.disk.reserve import RESERVE_NAME, SPARE_NAMES
from recorder_core.errors import ArchiveError, CatalogError, EncodeError
from recorder_core.jobs.archive.access.session import Session
from recorder_core.jobs.archive.place.folders import (
    ATTEMPTS_NAME,
    EVENTS_NAME,
    INFO_NAME,
    read_info,
    write_info,
)
from recorder_core.jobs.archive.place.making import held_folder
from recorder_core.jobs.archive.place.places import BACKUP_NAME, refuse_inside, refuse_nested
from recorder_core.jobs.archive.place.roles import file_name
from recorder_core.jobs.archive.place.taking_out import (
    make_folder,
)
from recorder_core.model.files.inner_files import (
    read_inner,
)
from recorder_core.model.values.json_text import parse_json

__all__ = ["FORMAT", "begun_backup", "earlier_backup", "read_backup"]

#: of the list
FORMAT: Final = 1


def read_backup(folder: Path) -> dict[str, Any]:
    """Return what the last finished backup in a folder holds.

    Raises
    ------
    ArchiveError
        If there is none, or its list is damaged.
    """
    path = folder / BACKUP_NAME
    try:
        content = parse_json(read_inner(path))
        files = content["files"]
        if content["format"] != FORMAT or not isinstance(files, dict):
            raise ArchiveError(f"{path} is of another version of this program")
        for name, entry in files.items():
            _check_entry(name, entry)
        return dict(content)
    except FileNotFoundError as error:
        raise ArchiveError(
            f"there is no finished backup in {folder}; repeat 'workbench archive backup {folder}'"
        ) from error
    except (OSError, CatalogError, ValueError, KeyError, TypeError) as error:
        raise ArchiveError(f"{path} is damaged; repeat the backup") from error


def _check_entry(name: str, entry: Mapping[str, Any]) -> None:
    """Raise if a line of the list is not as it is written, such as one that leads elsewhere."""
    folder, _, file_id = name.partition("/")
    texts = (entry["sha256"], entry["key_sha256"])
    if folder != EVENTS_NAME or name != file_name(file_id) or not isinstance(entry["bytes"], int):
        raise ValueError("a file of the list is not an archive's")
    if not all(isinstance(text, str) for text in texts):
        raise TypeError("a hash is text")


def earlier_backup(session: Session, folder: Path) -> tuple[Mapping[str, Any], list[str]]:
    """Return the files of an earlier backup, and which of its lists are damaged.

    Raises
    ------
    ArchiveError
        If the folder holds something else.
    """
    if not folder.is_dir() or all(_is_begun(path.name) for path in folder.iterdir()):
        return {}, []
    states = {
        INFO_NAME: _state_of(lambda: read_info(folder).archive_id, session),
        BACKUP_NAME: _state_of(lambda: read_backup(folder)["archive"], session),
    }
    if "other" in states.values():
        raise ArchiveError(
            f"{folder} holds a backup of another archive; choose an empty folder, or one with an "
            "earlier backup of this archive"
        )
    if "ours" not in states.values():
        raise ArchiveError(
            f"{folder} is not empty and holds no backup of this archive; choose an empty folder, "
            "or one with an earlier backup"
        )
    damaged = [
        name
        for name, state in states.items()
        if state == "unknown" and (folder / BACKUP_NAME).exists()
    ]
    files = read_backup(folder)["files"] if states[BACKUP_NAME] == "ours" else {}
    return files, [f"{name} was damaged or missing; it is written anew" for name in damaged]


def _is_begun(name: str) -> bool:
    """Return whether a backup that was cut off at its very beginning may have left a file."""
    return name.startswith(f"{INFO_NAME}.") and name.endswith(".new")


def _state_of(
    read_id: Callable[[], object], session: Session
) -> Literal["ours", "other", "unknown"]:
    """Return whose a list in a folder is; unknown where there is none, or it is damaged."""
    try:
        return "ours" if read_id() == session.folders.info.archive_id else "other"
    except ArchiveError:
        return "unknown"


@contextmanager
def begun_backup(session: Session, folder: Path) -> Iterator[tuple[Mapping[str, Any], list[str]]]:
    """Prepare a folder, and keep other backups out of it meanwhile.

    Yields
    ------
    mapping, list of str
        The files of the backup there, and what of it was damaged.

    Raises
    ------
    ArchiveError
        If the folder holds something else, or another backup is written there (FolderInUse).
    EncodeError
        If it cannot be written.
    """
    for root in session.folders.roots():
        refuse_nested(root, folder, "backup")
    refuse_inside(folder, "backup")
    make_folder(folder)
    with ExitStack() as held:
        try:
            held.enter_context(held_folder(folder, "writing a backup"))
            begun = _begin(session, folder)
        except OSError as error:
            raise EncodeError(f"{folder} cannot be written ({error.strerror})") from error
        yield begun


def _begin(session: Session, folder: Path) -> tuple[Mapping[str, Any], list[str]]:
    if (folder / BACKUP_NAME).exists():
        _clear_sign_ins(folder)
    elif (folder / "catalog.lock").exists():
        raise ArchiveError(
            f"{folder} is an archive that is in use, not a backup; choose an empty folder, or one "
            "with an earlier backup of this archive"
        )
    files, repaired = earlier_backup(session, folder)
    close_folder(folder)
    write_info(folder, session.folders.info)
    (folder / EVENTS_NAME).mkdir(mode=FOLDER_MODE, exist_ok=True)
    return files, repaired


def _clear_sign_ins(folder: Path) -> None:
    """Remove what earlier versions left in a backup at which somebody tried to sign in."""
    with suppress(OSError):
        made = ("catalog.lock", RESERVE_NAME, *SPARE_NAMES, ATTEMPTS_NAME, f"{ATTEMPTS_NAME}.lock")
        for name in made:
            (folder / name).unlink(missing_ok=True)
