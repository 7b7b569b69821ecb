"""The files of an archive are opened here: no link ever leads out of its folders.

Whoever can write to a disk can put a link in the place of a file, or of a folder, so that what
the program reads, overwrites or removes lies elsewhere. A file of an archive therefore is a
regular file below folders that are no links. One with a second name (a hard link, as snapshots
make them) is read, and what it holds is proved like that of any other; it is never written. Above
the archive's own folder links are the user's business and are followed.

Events lie in ``events/EVENT`` below an archive's folder; `EVENT_FOLDERS` says so to functions
that are given a whole path.
"""

from __future__ import annotations

import errno
import os
import stat
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Final

__all__ = [
    "EVENT_FOLDERS",
    "check_inner",
    "create_inner",
    "folder_fault",
    "inner_exists",
    "inner_fault",
    "inner_folders",
    "make_inner_folder",
    "open_inner",
    "read_inner",
    "remove_inner",
]

#: how many folders above a file of an event belong to the archive: events/EVENT
EVENT_FOLDERS: Final = 2
#: readable by the owner only
_FILE_MODE: Final = 0o600
_FOLDER_MODE: Final = 0o700
_LINK: Final = "it is a link, which is never followed"
_SECOND_NAME: Final = "it has a second name, so that it may be a file outside of the archive"
_NO_FILE: Final = "it is not a file"


def open_inner(
    path: Path, flags: int = os.O_RDONLY, *, folders: int = 0, beside: str | None = None
) -> int:
    """Open a file of an archive and return its descriptor.

    Parameters
    ----------
    path : Path
        Of the file.
    flags : int
        Such as ``os.O_RDWR | os.O_CREAT``; a file that is made is its owner's alone.
    folders : int, default 0
        How many folders above the file belong to the archive.
    beside : str, optional
        Name of a file that must be in the same folder: the empty place where a disk is usually
        found is not taken for the folder on that disk, also if the disk goes at this moment.

    Raises
    ------
    OSError
        If it cannot be opened; ENOENT if what must be beside it is not; ELOOP, with a
        sentence, if it is a link, is no regular file, is to be written and has a second name,
        or if one of the folders is a link.
    """
    if flags & os.O_TRUNC:
        raise ValueError("a file is looked at before it is cut")
    folder = _open_folder(path, folders)
    try:
        if beside is not None:
            os.stat(beside, dir_fd=folder, follow_symlinks=False)
        safe = flags | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC
        descriptor = os.open(path.name, safe, _FILE_MODE, dir_fd=folder)
    except OSError as error:
        _refuse_link(error, path, _LINK)
        raise
    finally:
        os.close(folder)
    status = os.fstat(descriptor)
    # what is made to be locked is empty; the lock of another file is not taken
    is_lock = bool(flags & os.O_CREAT)
    writing = flags & os.O_ACCMODE != os.O_RDONLY or (is_lock and status.st_size > 0)
    fault = _file_fault(status, writing=writing)
    if fault is not None:
        os.close(descriptor)
        raise OSError(errno.ELOOP, fault, str(path))
    return descriptor


def create_inner(path: Path, *, folders: int = 0, beside: str | None = None) -> int:
    """Create a file of an archive that must not exist, for reading and writing; else as open."""
    flags = os.O_RDWR | os.O_CREAT | os.O_EXCL
    return open_inner(path, flags, folders=folders, beside=beside)


def read_inner(path: Path, *, folders: int = 0) -> bytes:
    """Return the content of a small file of an archive; OSError as `open_inner`."""
    with os.fdopen(open_inner(path, folders=folders), "rb") as file:
        return file.read()


def inner_fault(path: Path, *, folders: int = 0, writing: bool = False) -> str | None:
    """Return why a file of an archive is not opened; None if it is, or if there is nothing."""
    fault = folder_fault(path, folders)
    if fault is not None:
        return fault
    try:
        return _file_fault(path.lstat(), writing=writing)
    except OSError:
        return None


def check_inner(path: Path, *, folders: int = 0) -> os.stat_result:
    """Return the status of a file of an archive; OSError if it is missing or not opened."""
    fault = inner_fault(path, folders=folders)
    if fault is not None:
        raise OSError(errno.ELOOP, fault, str(path))
    return path.lstat()


def inner_exists(path: Path, *, folders: int = 0) -> bool:
    """Return whether a name is taken in the archive, by a link too, but not beyond a link."""
    return folder_fault(path, folders) is None and os.path.lexists(path)


def folder_fault(path: Path, folders: int) -> str | None:
    """Return which of the folders above a path is a link; None if none is, or is there."""
    for folder in list(path.parents)[:folders]:
        if folder.is_symlink():
            return _linked_folder(folder)
    return None


def remove_inner(path: Path, *, folders: int = 0) -> None:
    """Remove a name from the archive: a link itself, never what it leads to, nor beyond one."""
    if inner_exists(path, folders=folders):
        path.unlink(missing_ok=True)


def inner_folders(root: Path, name: str = "events") -> Iterator[Path]:
    """Yield the folders below a folder of an archive, such as those of its events, in order.

    What is a link, the folder itself too, is passed over.
    """
    above = root / name
    if above.is_symlink() or not above.is_dir():
        return
    for folder in sorted(above.iterdir()):
        if folder.is_dir() and not folder.is_symlink():
            yield folder


def make_inner_folder(folder: Path, *, folders: int = 0, beside: str | None = None) -> None:
    """Make a folder of an archive if it is not there, its owner's alone.

    Parameters
    ----------
    folder : Path
        To be made.
    folders : int, default 0
        How many folders above it belong to the archive: none of them is a link.
    beside : str, optional
        Name of a file that must be in the folder above; see `open_inner`.

    Raises
    ------
    OSError
        If it cannot be made, if a folder above is a link, or if what must be beside it is not.
    """
    above = _open_folder(folder, folders)
    try:
        if beside is not None:
            os.stat(beside, dir_fd=above, follow_symlinks=False)
        with suppress(FileExistsError):
            os.mkdir(folder.name, _FOLDER_MODE, dir_fd=above)
    finally:
        os.close(above)


def _open_folder(path: Path, folders: int) -> int:
    """Return a descriptor of the folder of a path; the innermost ones are no links."""
    inner = list(path.parents)[:folders]
    outer = path.parents[folders] if len(path.parents) > folders else Path()
    descriptor = os.open(outer, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    for folder in reversed(inner):
        above = descriptor
        try:
            flags = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC
            descriptor = os.open(folder.name, flags, dir_fd=above)
        except OSError as error:
            _refuse_link(error, folder, _linked_folder(folder))
            raise
        finally:
            os.close(above)
    return descriptor


def _refuse_link(error: OSError, path: Path, sentence: str) -> None:
    """Raise an error that says that a path is a link, if it was not opened because it is one."""
    if error.errno in (errno.ELOOP, errno.ENOTDIR) and path.is_symlink():
        raise OSError(errno.ELOOP, sentence, str(path)) from error


def _linked_folder(folder: Path) -> str:
    return f"the folder {folder.name} is a link, which is never followed"


def _file_fault(status: os.stat_result, *, writing: bool) -> str | None:
    if stat.S_ISLNK(status.st_mode):
        return _LINK
    if not stat.S_ISREG(status.st_mode):
        return _NO_FILE
    return _SECOND_NAME if writing and status.st_nlink > 1 else None
