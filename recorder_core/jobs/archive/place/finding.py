"""Which of an archive's two folders is used: its own, or the mirror while that cannot be.

A disk that had an error is often made read-only by the system. What cannot be logged is not done,
so a folder that cannot be written is treated like one that is gone: the mirror is used alone, and
its newer catalog takes the place of the other when that can be written again. So it is where the
disk goes, or turns out to be of no use, while somebody signs in.
"""

from __future__ import annotations

import errno
import os
from collections.abc import Callable
from contextlib import suppress
from functools import partial
from pathlib import Path
from typing import Final, TypeVar

from recorder_core.errors import (
    ArchiveError,
    CatalogDamaged,
    CatalogError,
    RecorderError,
    SchemaTooNew,
)
from recorder_core.jobs.archive.place.folders import (
    INFO_NAME,
    Folders,
    is_place,
    read_info,
    refuse_backup,
)
from recorder_core.model.files.inner_files import open_inner

__all__ = ["find_archive", "mirror_advice", "open_either", "stand_in_notice"]

_Opened = TypeVar("_Opened")

#: of a user who may not write, while others may: the mirror would be changed beside them
_FORBIDDEN: Final = frozenset({errno.EACCES, errno.EPERM})


def find_archive(path: Path) -> Folders:
    """Return the folders of an archive, given its own folder, its mirror, or a copy of one.

    The mirror leads to the archive's own folder where that is there and can be written, else it
    is used alone; so it is where the archive's own folder is named and cannot be written.

    Parameters
    ----------
    path : Path
        A folder with an ``archive.json``.

    Raises
    ------
    ArchiveError
        If there is no archive, or none that can be written, or it is a backup.
    """
    refuse_backup(path)
    own = _own(Folders(path, read_info(path)))
    fault = _write_fault(own.primary)
    stand_in = _stand_in(own) if fault else None
    if fault and stand_in is None:
        other = own.mirror
        advice = f", or plug in the disk of {other} and name that with --archive" if other else ""
        raise ArchiveError(
            f"the archive's folder {own.primary} cannot be written ({fault}), and what cannot be "
            f"logged is not done; check that disk{advice}; or copy the whole folder to a disk that "
            "can be written, and name the copy with --archive: it opens by itself"
        )
    return stand_in or own


def open_either(folders: Folders, opening: Callable[..., _Opened]) -> _Opened:
    """Open an archive by its own folder, or by its mirror where the disk of that lets nobody in.

    Where opening meets damage, the whole catalog is read, and put right, first.

    Parameters
    ----------
    folders : Folders
        As `find_archive` returns them.
    opening : callable
        Called with the folders; with ``check_catalog=True`` to read the whole catalog; with
        ``notice``, what is to be said of the mirror in use.

    Returns
    -------
    object
        As `opening` returns it.

    Raises
    ------
    RecorderError
        As `opening` raises it, of the archive's own folder where no catalog can be opened.
    """
    try:
        return _open_sound(opening, folders)
    except RecorderError as error:
        mirror = _stand_in_for(folders, error)
        if mirror is None:
            raise
        said = (
            f"the archive's own folder {folders.primary} cannot be used ({error}), so its mirror "
            f"{mirror.primary} is used alone: check that disk and free up space on it, then run "
            "'workbench mirror repair'"
        )
        try:
            return _open_sound(partial(opening, notice=said), mirror)
        except CatalogError as second:
            raise error from second


def _open_sound(opening: Callable[..., _Opened], folders: Folders) -> _Opened:
    try:
        return opening(folders)
    except CatalogDamaged:
        return opening(folders, check_catalog=True)


def _stand_in_for(own: Folders, error: RecorderError) -> Folders | None:
    """Return the mirror if the disk is why a folder could not be opened, and it can be used."""
    # not its classes: one that is damaged, in use or split is not for want of a disk
    is_of_catalog = CatalogError in (type(error), type(error.__cause__))
    if is_of_catalog or _write_fault(own.primary) is not None:
        return _stand_in(own)
    return None


def mirror_advice(folders: Folders) -> str | None:
    """Return with which mirror to go on where the disk of the folder in use went; else None."""
    if _write_fault(folders.primary) is None or _stand_in(folders) is None:
        return None
    return f"repeat this with --archive {folders.mirror}"


def stand_in_notice(folders: Folders) -> str | None:
    """Return a notice where the mirror stands in for a folder that cannot be written, else None."""
    own = folders.mirror
    if own is None or not is_place(folders.primary, folders.info.mirror):
        return None
    fault = None if folders.mirror_fault() else _write_fault(own)
    if fault is None:
        return None
    return (
        f"the archive's own folder {own} cannot be written ({fault}), so its mirror "
        f"{folders.primary} is used alone: check that disk, then run 'workbench mirror repair'"
    )


def _own(folders: Folders) -> Folders:
    """Return the archive's own folder where its mirror was named, else what was named."""
    info = folders.info
    if not info.folder or not is_place(folders.primary, info.mirror):
        return folders
    with suppress(ArchiveError, SchemaTooNew):
        own = Folders(Path(info.folder), read_info(Path(info.folder)))
        if _is_mirror_of(folders.primary, own, info.archive_id):
            return own
    return folders


def _stand_in(own: Folders) -> Folders | None:
    """Return the mirror in the place of the archive's own folder; None if it cannot be used."""
    mirror = own.mirror
    if mirror is None or not is_place(mirror, own.info.mirror):
        return None
    with suppress(ArchiveError, SchemaTooNew):
        found = Folders(mirror, read_info(mirror))
        is_known = found.info.archive_id == own.info.archive_id and found.mirror is not None
        return found if is_known and _write_fault(mirror) is None else None
    return None


def _is_mirror_of(mirror: Path, own: Folders, archive_id: str) -> bool:
    """Return whether a folder of an archive says that another is its mirror."""
    return own.info.archive_id == archive_id and is_place(mirror, own.info.mirror)


def _write_fault(root: Path) -> str | None:
    """Return why nobody can write to a folder now; None if somebody can. Nothing is changed."""
    try:
        os.close(open_inner(root / INFO_NAME, os.O_RDWR))
    except OSError as error:
        is_lost = error.errno not in _FORBIDDEN and error.errno != errno.ELOOP
        return (error.strerror or str(error)) if is_lost else None
    return None
