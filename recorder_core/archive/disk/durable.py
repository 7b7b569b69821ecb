"""Files that survive a power cut: where they lie and how the small ones are written."""

from __future__ import annotations

import errno
import fcntl
import os
import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from recorder_core.model.files.inner_files import (
    EVENT_FOLDERS,
    create_inner,
    inner_exists,
    inner_fault,
    open_inner,
)

__all__ = [
    "SealedPaths",
    "close_folder",
    "destroy_file",
    "keeps_no_permissions",
    "locked",
    "replace_file",
    "sync_path",
    "write_all",
]

#: readable by the owner only
FILE_MODE: Final = 0o600
FOLDER_MODE: Final = 0o700
#: what a file system without permissions answers, such as exFAT, or SMB
_NO_PERMISSIONS: Final = {errno.EPERM, errno.ENOTSUP, errno.ENOSYS}


@dataclass(frozen=True, slots=True)
class SealedPaths:
    """The files of one sealed file on one root.

    Attributes
    ----------
    stream : Path
        The encrypted content.
    key : Path
        The key file.
    tail : Path
        What a running recording cannot seal yet; absent when the stream is complete.
    """

    stream: Path
    key: Path
    tail: Path

    @classmethod
    def of(cls, base: Path) -> SealedPaths:
        """Return the paths that belong to a base name, such as ``ROOT/EVENT/original``."""
        return cls(
            base.with_name(base.name + ".sealed"),
            base.with_name(base.name + ".key"),
            base.with_name(base.name + ".tail"),
        )

    def all(self) -> tuple[Path, Path, Path]:
        """Return the three paths."""
        return self.stream, self.key, self.tail


def write_all(descriptor: int, data: bytes | memoryview, offset: int) -> None:
    """Write every byte at an offset; a short write is continued."""
    written = os.pwrite(descriptor, data, offset)
    while written < len(data):
        written += os.pwrite(descriptor, memoryview(data)[written:], offset + written)


@contextmanager
def locked(path: Path, *, folders: int = 0) -> Iterator[None]:
    """Keep other processes that lock the same file out meanwhile; they wait.

    `folders` is how many above it belong to the archive; see `open_inner`.
    """
    descriptor = open_inner(path, folders=folders)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        yield
    finally:
        os.close(descriptor)


def replace_file(path: Path, data: bytes, *, folders: int = 0, beside: str | None = None) -> None:
    """Write a small file so that a reader finds the old or the new content, never a part.

    `folders` is how many above it belong to the archive, and `beside` what must be in its
    folder; see `open_inner`.
    """
    temporary = path.with_name(f"{path.name}.{secrets.token_hex(4)}.new")
    descriptor = create_inner(temporary, folders=folders, beside=beside)
    try:
        write_all(descriptor, data, 0)
        os.fsync(descriptor)
        temporary.replace(path)
    except OSError:
        temporary.unlink(missing_ok=True)
        raise
    finally:
        os.close(descriptor)
    sync_path(path.parent)


def close_folder(folder: Path) -> None:
    """Keep all but its owner out of a folder of sealed files, where its file system can do that."""
    try:
        folder.chmod(FOLDER_MODE)
    except OSError as error:
        if not keeps_no_permissions(error):
            raise


def keeps_no_permissions(error: OSError) -> bool:
    """Return whether a file system cannot set permissions, or not those of this folder."""
    return error.errno in _NO_PERMISSIONS


def sync_path(path: Path) -> None:
    """Make durable what a file holds, or the names that were changed in a folder."""
    descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def destroy_file(path: Path) -> None:
    """Overwrite a small file of an event, make that durable and remove the file.

    Flash storage and copying file systems may keep the old blocks; that is why the keys,
    not the streams, are destroyed, and why backups of key files must be destroyed too. Of a
    link, or a file with a second name, this name is removed and what lies there is not touched.
    """
    if not inner_exists(path, folders=EVENT_FOLDERS):
        return
    if inner_fault(path, writing=True) is None:
        descriptor = open_inner(path, os.O_WRONLY, folders=EVENT_FOLDERS)
        try:
            write_all(descriptor, secrets.token_bytes(os.fstat(descriptor).st_size), 0)
            os.fsync(descriptor)
        finally:
            os.close(descriptor)
    path.unlink()
    sync_path(path.parent)
