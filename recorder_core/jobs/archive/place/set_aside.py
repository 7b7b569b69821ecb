"""What is not understood, or was replaced, is kept under a name that says when and why."""

from __future__ import annotations

import os
import secrets
from collections.abc import Callable, Iterator
from datetime import datetime
from pathlib import Path
from typing import Final

from recorder_core.archive.disk.durable import FOLDER_MODE, SealedPaths, sync_path
from recorder_core.catalog.model.codes import utc_now
from recorder_core.jobs.archive.place.places import INFO_NAME
from recorder_core.model.files.inner_files import (
    EVENT_FOLDERS,
    folder_fault,
    inner_exists,
    inner_folders,
    make_inner_folder,
)

__all__ = [
    "SET_ASIDE_NAME",
    "SPLIT_CATALOG",
    "set_aside",
    "set_aside_bases",
    "set_aside_catalogs",
]

SET_ASIDE_NAME: Final = "set-aside"
#: why a catalog is set aside that was changed apart from the one in use
SPLIT_CATALOG: Final = "split-catalog"


def set_aside(
    root: Path, names: list[str], why: str, clock: Callable[[], datetime] = utc_now
) -> Path:
    """Move files of a root into a new folder below ``set-aside``.

    Parameters
    ----------
    root : Path
        Folder of an archive or of a mirror.
    names : list of str
        Paths below it; those that are not there are passed over. A link is moved itself.
    why : str
        A word or two with hyphens, for the folder's name.
    clock : callable, optional
        Gives the time, for the folder's name.

    Returns
    -------
    Path
        The new folder, in which the files have the same paths as below the root.

    Raises
    ------
    OSError
        If the disk cannot be written.
    """
    when = clock().strftime("%Y%m%dT%H%M%SZ")
    if (root / SET_ASIDE_NAME).is_symlink():
        (root / SET_ASIDE_NAME).unlink()  # it would lead what is moved out of the archive
    folder = root / SET_ASIDE_NAME / f"{when}-{why}-{secrets.token_hex(2)}"
    make_inner_folder(folder.parent, beside=INFO_NAME)
    folder.mkdir(mode=FOLDER_MODE)
    folder.parent.chmod(FOLDER_MODE)
    for name in names:
        if os.path.lexists(root / name):
            target = folder / name
            target.parent.mkdir(mode=FOLDER_MODE, parents=True, exist_ok=True)
            (root / name).replace(target)
            sync_path(target.parent)
    sync_path(folder.parent)
    return folder


def set_aside_bases(root: Path, event_id: str) -> Iterator[Path]:
    """Yield the base paths of the sealed files of an event that were set aside on a root."""
    for folder in inner_folders(root, SET_ASIDE_NAME):
        for key in sorted((folder / "events" / event_id).glob("*.key")):
            base = key.with_suffix("")
            if SealedPaths.of(base).key == key and folder_fault(key, EVENT_FOLDERS) is None:
                yield base


def set_aside_catalogs(root: Path, name: str) -> Iterator[Path]:
    """Yield the catalogs that were set aside on a root, the newest first.

    Parameters
    ----------
    root : Path
        Folder of an archive or of a mirror.
    name : str
        Of the file.
    """
    for folder in reversed(list(inner_folders(root, SET_ASIDE_NAME))):
        if inner_exists(folder / name):
            yield folder / name
