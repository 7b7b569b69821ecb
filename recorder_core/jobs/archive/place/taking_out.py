"""Write files to a folder or USB disk so that what lies there is what was meant to."""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any, Final

from recorder_core.archive.disk.durable import (
    FILE_MODE,
    FOLDER_MODE,
    replace_file,
    sync_path,
    write_all,
)
from recorder_core.errors import EncodeError
from recorder_core.jobs.progress import Progress
from recorder_core.media import output_lock
from recorder_core.model.files.inner_files import EVENT_FOLDERS, folder_fault

__all__ = [
    "CHUNK_BYTES",
    "ByteCounter",
    "make_event_folder",
    "make_folder",
    "read_back_sha256",
    "write_manifest",
    "write_verified",
]

CHUNK_BYTES: Final = 1 << 20


class ByteCounter:
    """Adds up the progress of several files.

    Parameters
    ----------
    progress : callable
        Told how many MiB of all are written.
    total_bytes : int
        Of all.
    """

    def __init__(self, progress: Progress, total_bytes: int) -> None:
        self._progress, self._total, self._done = progress, total_bytes, 0

    def add(self, size_bytes: int) -> None:
        """Count bytes that were written."""
        self._done += size_bytes
        self._progress(self._done >> 20, max(self._total >> 20, 1))


def make_folder(folder: Path) -> None:
    """Make a folder, and those above it, for their owner alone; EncodeError if that fails.

    What is there keeps its permissions: it is somebody's disk.
    """
    missing = [place for place in (folder, *folder.parents) if not place.exists()]
    try:
        for place in reversed(missing):
            place.mkdir(mode=FOLDER_MODE, exist_ok=True)
        folder.mkdir(mode=FOLDER_MODE, exist_ok=True)
    except OSError as error:
        raise EncodeError(
            f"the folder {folder.name} cannot be made ({error.strerror}); choose another"
        ) from error


def make_event_folder(folder: Path) -> None:
    """Make the folder of an event, ``events/EVENT``, in a backup; EncodeError if it is a link."""
    fault = folder_fault(folder / "file", EVENT_FOLDERS)
    if fault is not None:
        raise EncodeError(f"nothing is written below {folder}: {fault}; choose another folder")
    make_folder(folder)


def write_verified(target: Path, chunks: Iterable[bytes], counter: ByteCounter) -> str:
    """Write a file that its owner alone may read, sync it, read it back and compare.

    Returns
    -------
    str
        The SHA-256 of what was written and is there.

    Raises
    ------
    EncodeError
        If it cannot be written, another process writes it now, or what was read back differs;
        nothing of it is left then.
    """
    with output_lock(target):
        partial = target.with_name(f".{target.name}.part")
        try:
            written = _write(partial, chunks, counter)
            if read_back_sha256(partial) != written:
                raise EncodeError(
                    f"{target.name} was not stored as it was written: the disk is faulty; use "
                    "another"
                )
            partial.replace(target)
            sync_path(target.parent)
        except OSError as error:
            raise EncodeError(
                f"{target.name} cannot be written ({error.strerror}); nothing of it is left: make "
                "room or choose another folder"
            ) from error
        finally:
            partial.unlink(missing_ok=True)
        return written


def write_manifest(path: Path, content: Mapping[str, Any]) -> None:
    """Write what is in the folder as JSON, for its owner alone."""
    try:
        replace_file(path, (json.dumps(content, indent=2) + "\n").encode("utf-8"))
    except OSError as error:
        raise EncodeError(f"{path.name} cannot be written ({error.strerror})") from error


def _write(path: Path, chunks: Iterable[bytes], counter: ByteCounter) -> str:
    digest, offset = hashlib.sha256(), 0
    path.unlink(missing_ok=True)
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, FILE_MODE)
    try:
        for chunk in chunks:
            digest.update(chunk)
            write_all(descriptor, chunk, offset)
            offset += len(chunk)
            counter.add(len(chunk))
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
    return digest.hexdigest()


def read_back_sha256(path: Path) -> str:
    """Return the SHA-256 of a file as the disk has it, not as the system remembers it."""
    digest = hashlib.sha256()
    with path.open("rb") as file:
        os.posix_fadvise(file.fileno(), 0, 0, os.POSIX_FADV_DONTNEED)
        while chunk := file.read(CHUNK_BYTES):
            digest.update(chunk)
    return digest.hexdigest()
