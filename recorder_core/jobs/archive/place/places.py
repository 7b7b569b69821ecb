"""Where the folders of archives, mirrors and backups may lie: none inside another."""

from __future__ import annotations

from contextlib import suppress
from pathlib import Path
from tempfile import NamedTemporaryFile
from typing import Final

from recorder_core.errors import SettingsError

__all__ = [
    "BACKUP_NAME",
    "INFO_NAME",
    "enclosing_archive",
    "on_same_disk",
    "refuse_inside",
    "refuse_nested",
]

#: says what the folder of an archive, a mirror or a backup is
INFO_NAME: Final = "archive.json"
#: lists what is in a backup
BACKUP_NAME: Final = "backup.json"


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

    Raises
    ------
    OSError
        If the path cannot be looked at.
    """
    place = path.resolve()
    folders = (place, *place.parents)
    try:
        return next((folder for folder in folders if (folder / INFO_NAME).is_file()), None)
    except OSError as error:
        # the path itself, such as one that is too long, and not the name that was looked for
        raise OSError(error.errno, error.strerror, str(path)) from error


def refuse_inside(folder: Path, word: str) -> None:
    """Raise if a folder lies inside that of any archive, mirror or backup.

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
    """Raise if another folder is the archive's, or one lies in the other.

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
    if _holds(own, another) or _holds(another, own) or _shows(own, another):
        raise SettingsError(
            f"the {word} {other} and the archive {folder} are one folder, or one lies inside the "
            "other: one fault would take both; choose a folder on another disk"
        )


def _holds(outer: Path, inner: Path) -> bool:
    """Return whether a folder is another or lies above it, by its name or as the same folder.

    One folder may be mounted under two names.
    """
    places = (inner, *inner.parents)
    if outer in places:
        return True
    with suppress(OSError):
        return outer.exists() and any(place.exists() and outer.samefile(place) for place in places)
    return False


def _shows(folder: Path, other: Path) -> bool:
    """Return whether what is written to a folder is seen in another.

    Of a share that is mounted twice, the system says that it is two folders.
    """
    if not (folder.is_dir() and other.is_dir()):
        return False
    with suppress(OSError), NamedTemporaryFile(dir=folder, prefix=".same-folder-") as probe:
        return (other / Path(probe.name).name).exists()
    return False  # it cannot be written: what follows says so


def on_same_disk(folder: Path, mirror: Path) -> bool:
    """Return whether both folders, which need not exist, lie on one file system."""
    return _nearest(folder).stat().st_dev == _nearest(mirror).stat().st_dev


def _nearest(path: Path) -> Path:
    """Return the folder, or the one above it that is there."""
    return next(place for place in (path.resolve(), *path.resolve().parents) if place.exists())
