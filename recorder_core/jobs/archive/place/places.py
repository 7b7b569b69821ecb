"""Where the folders of archives, mirrors and backups may lie: none inside another."""

from __future__ import annotations

from pathlib import Path
from typing import Final

from recorder_core.errors import SettingsError

__all__ = ["INFO_NAME", "enclosing_archive", "on_same_disk", "refuse_inside", "refuse_nested"]

#: says what the folder of an archive, a mirror or a backup is
INFO_NAME: Final = "archive.json"


def enclosing_archive(path: Path) -> Path | None:
    """Return the folder around a path that is one of an archive, a mirror or a backup.

    Parameters
    ----------
    path : Path
        Need not exist; links are followed.

    Returns
    -------
    Path or None
        The path itself, or the nearest folder above it; None if it lies in none.
    """
    place = path.resolve()
    folders = (place, *place.parents)
    return next((folder for folder in folders if (folder / INFO_NAME).is_file()), None)


def refuse_inside(folder: Path, word: str) -> None:
    """Do nothing unless a folder lies inside that of any archive, mirror or backup.

    Parameters
    ----------
    folder : Path
        To be made or written to.
    word : str
        What it is to be: archive, mirror, backup.

    Raises
    ------
    SettingsError
        If it lies in one.
    """
    outer = enclosing_archive(folder.resolve().parent)
    if outer is not None:
        raise SettingsError(
            f"the {word} {folder} would lie in {outer}, the folder of an archive, of a mirror or "
            "of a backup, where it could be destroyed with that; choose a folder outside"
        )


def refuse_nested(folder: Path, other: Path, word: str) -> None:
    """Do nothing unless another folder is the archive's, or one lies in the other.

    Parameters
    ----------
    folder : Path
        Of the archive.
    other : Path
        To be its mirror or backup, or the backup that it is made of.
    word : str
        What the other is.

    Raises
    ------
    SettingsError
        If they touch.
    """
    own, another = folder.resolve(), other.resolve()
    if own == another or own in another.parents or another in own.parents:
        raise SettingsError(
            f"the {word} {other} and the archive {folder} are one folder, or one lies inside the "
            "other: one fault would take both; choose a folder on another disk"
        )


def on_same_disk(folder: Path, mirror: Path) -> bool:
    """Return whether both folders, which need not exist, lie on one file system."""
    return _nearest(folder).stat().st_dev == _nearest(mirror).stat().st_dev


def _nearest(path: Path) -> Path:
    """Return the folder, or the one above it that is there."""
    return next(place for place in (path.resolve(), *path.resolve().parents) if place.exists())
