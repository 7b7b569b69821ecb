"""Files that exist whole or not at all."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from threading import Event
from typing import BinaryIO, Final, Protocol, cast

from recorder_core.errors import DecodeError
from recorder_core.media.ffmpeg_errors import PART, writing

__all__ = ["check_file", "file_sha256", "finished_file", "hash_beside"]

#: hashed at once, read into the same memory again and again; smaller pieces would take the
#: interpreter's lock more often, for which what goes on beside it waits
_CHUNK_BYTES: Final = 1 << 22


class _Opener(Protocol):
    def open(self) -> BinaryIO: ...


class _Refilling(Protocol):
    def readinto(self, buffer: memoryview, /) -> int: ...


@contextmanager
def finished_file(path: Path, needed_bytes: int | None = None) -> Iterator[Path]:
    """Yield a temporary name in the same folder; sync and rename on success.

    Parameters
    ----------
    path : Path
        The final name; an older file there is replaced.
    needed_bytes : int, optional
        About how large it will be, for the message about a full disk.

    Yields
    ------
    Path
        Where to write; it has the same suffix. On any error it is removed.

    Raises
    ------
    EncodeError
        If it cannot be written.
    """
    temporary = path.with_name(f".{path.stem}{PART}{path.suffix}")
    with writing(temporary, needed_bytes):
        yield temporary
        _sync(temporary)
        temporary.replace(path)
    _sync(path.parent)


def check_file(path: Path, kind: str) -> None:
    """Refuse what cannot be read as a file, more than once.

    Parameters
    ----------
    path : Path
        What a person named.
    kind : str
        What it should be: "video" or "picture".

    Raises
    ------
    DecodeError
        If it does not exist, or is a folder, a pipe, a device, or empty.
    """
    if not path.exists():
        raise DecodeError(f"{path.name} does not exist; check the name")
    if path.is_dir():
        raise DecodeError(f"{path.name or path} is a folder, not a {kind}; name a file")
    if not path.is_file():
        raise DecodeError(
            f"{path.name} is a pipe or device, not a file; a {kind} is read more than once: save "
            "it to a file first"
        )
    if path.stat().st_size == 0:
        raise DecodeError(f"{path.name} is empty")


def _sync(path: Path) -> None:
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def file_sha256(path: Path) -> str:
    """Return the SHA-256 of a file's bytes, as hexadecimal digits."""
    return _digest(path, Event())


@contextmanager
def hash_beside(source: Path | _Opener) -> Iterator[Callable[[], str]]:
    """Hash a file in a thread of its own while the block does other work.

    Parameters
    ----------
    source : Path or MediaFile

    Yields
    ------
    callable
        For the block: waits, and returns what `file_sha256` does or raises its error. A
        block that fails before it asks does not wait for the rest of the file.
    """
    left = Event()
    with ThreadPoolExecutor(max_workers=1) as thread:
        digest = thread.submit(_digest, source, left)
        try:
            yield digest.result
        finally:
            left.set()


def _digest(source: Path | _Opener, abandoned: Event) -> str:
    digest, chunk = hashlib.sha256(), memoryview(bytearray(_CHUNK_BYTES))
    with source.open("rb") if isinstance(source, Path) else source.open() as opened:
        file = cast("_Refilling", opened)
        while not abandoned.is_set() and (size := file.readinto(chunk)):
            digest.update(chunk[:size])
    return digest.hexdigest()
