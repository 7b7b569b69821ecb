"""``archive.json`` is changed by one command at a time, together with what the log says of it."""

from __future__ import annotations

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

from recorder_core.errors import ArchiveError
from recorder_core.jobs.archive.place.folders import Folders, read_info
from recorder_core.model.files.file_locks import disk_advice

__all__ = ["as_they_are", "info_lock"]


@contextmanager
def info_lock(primary: Path) -> Iterator[None]:
    """Keep other commands from changing ``archive.json`` and its settings; they wait meanwhile.

    Parameters
    ----------
    primary : Path
        The folder in use; not locked by this thread already.

    Raises
    ------
    ArchiveError
        If it cannot be locked.
    """
    descriptor = _locked(primary)
    try:
        yield
    finally:
        os.close(descriptor)


def _locked(primary: Path) -> int:
    try:
        descriptor = os.open(primary, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX)
        except OSError:
            os.close(descriptor)
            raise
    except OSError as error:
        raise ArchiveError(
            f"the archive's folder {primary} cannot be locked ({error.strerror}); "
            f"{disk_advice(error)}"
        ) from error
    return descriptor


def as_they_are(folders: Folders) -> Folders:
    """Return the folders with what ``archive.json`` says now.

    Raises
    ------
    ArchiveError
        If it cannot be read.
    """
    return replace(folders, info=read_info(folders.primary))
