"""Finding the key file and the stream of a sealed file, and whether they are the right ones."""

from __future__ import annotations

import os
from pathlib import Path

from recorder_core.archive.durable import SealedPaths
from recorder_core.archive.identity import FileIdentity
from recorder_core.archive.keyfile import KeyFile, parse_key_file
from recorder_core.errors import ArchiveError, WrongCopy

__all__ = ["open_stream", "read_key_file"]


def read_key_file(base: Path, expected: FileIdentity) -> KeyFile:
    """Read the key file at a base path and compare it with what the catalog expects.

    Raises
    ------
    ArchiveError
        If it cannot be read.
    HeaderDamaged
        If it is damaged.
    WrongCopy
        If it is another file's, or of another generation.
    """
    path = SealedPaths.of(base).key
    try:
        data = path.read_bytes()
    except OSError as exc:
        raise ArchiveError(
            f"{expected}: the key file cannot be read ({exc.strerror}): without it the file "
            "cannot be opened; restore it from the mirror"
        ) from exc
    key_file = parse_key_file(data, f"the key file of {expected}")
    found = key_file.identity
    if (found.event_id, found.role) != (expected.event_id, expected.role):
        raise WrongCopy(f"{expected}: another file lies here, {found}")
    if found.generation != expected.generation:
        age = "an older copy" if found.generation < expected.generation else "a newer making"
        raise WrongCopy(f"{expected}: {age} lies here, generation {found.generation}")
    return key_file


def open_stream(path: Path) -> int:
    """Open a stream for reading and return its descriptor."""
    try:
        return os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    except OSError as exc:
        raise ArchiveError(f"{path.name}: the stream cannot be read ({exc.strerror})") from exc
