"""Disks of a guest whose power is cut: what a real disk may have kept, and reading them.

A disk acknowledges what it has in its cache only; what it was not told to make durable may be gone
after a power cut, or parts of it. QEMU keeps each write and each flush in a log (its driver
`blklogwrites`, the format of Linux's dm-log-writes), from which such a disk is made.

Mounting needs root; making file systems needs the package e2fsprogs.
"""

from __future__ import annotations

import os
import random
import struct
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final, NamedTuple

__all__ = ["Cut", "LogPosition", "copy_disk", "cut_disk", "log_position", "make_disk", "mounted"]

_DISK_MIB: Final = 512
#: of the log: its beginning, with its magic number, and that of each entry
_BEGINNING: Final = struct.Struct("<QQQI")
_ENTRY: Final = struct.Struct("<QQQQ")
_MAGIC: Final = 0x6A736677736872
_FLUSH, _DISCARD = 1, 4


class _Write(NamedTuple):
    """A write of the guest: where on the disk, and where its bytes are in the log."""

    offset: int
    place: int
    size: int


class LogPosition(NamedTuple):
    """How far a log goes at a moment at which its guest was stopped."""

    size: int
    #: at the last flush that the guest was told of
    entries: int


class Cut(NamedTuple):
    """How many writes a disk had in its cache when the power was cut, and kept."""

    cached: int
    kept: int


def make_disk(image: Path, content: Path) -> None:
    """Make a disk whose file system holds what a folder holds."""
    with image.open("wb") as file:
        file.truncate(_DISK_MIB << 20)
    options = "lazy_itable_init=0,lazy_journal_init=0"
    subprocess.run(["mkfs.ext4", "-q", "-F", "-E", options, "-d", content, image], check=True)


def copy_disk(image: Path, copy: Path) -> None:
    """Copy a disk into a new file; what nobody has written takes no space."""
    subprocess.run(["cp", "--remove-destination", "--sparse=always", image, copy], check=True)


def log_position(log: Path) -> LogPosition:
    """Return how far a log goes; its guest is stopped or ended."""
    with log.open("rb") as source:
        magic, _, entries, _ = _BEGINNING.unpack(source.read(_BEGINNING.size))
        if magic != _MAGIC:
            raise SystemExit("QEMU wrote no log of the disk")
        return LogPosition(source.seek(0, 2), entries)


def cut_disk(
    before: Path, log: Path, position: LogPosition, part: float, chance: random.Random
) -> Cut:
    """Make a disk as it is after a power cut.

    Parameters
    ----------
    before : Path
        The disk as the guest found it; becomes the one after.
    log : Path
        What the guest did to it.
    position : LogPosition
        How far that went.
    part : float
        How much of what was in the cache it kept, 0 to 1; which, chance says.
    chance : Random
        Says it.
    """
    with before.open("r+b") as disk, log.open("rb") as source:
        durable, cached = _writes(source.fileno(), position)
        kept = [each for each in cached if chance.random() < part]
        for each in (*durable, *kept):
            disk.seek(each.offset)
            disk.write(os.pread(source.fileno(), each.size, each.place))
    return Cut(len(cached), len(kept))


def _writes(log: int, position: LogPosition) -> tuple[list[_Write], list[_Write]]:
    """Return the writes up to the last flush, and those after it.

    Each entry is a head, alone in its sector, and what was written.
    """
    *_, sector_bytes = _BEGINNING.unpack(os.pread(log, _BEGINNING.size, 0))
    durable: list[_Write] = []
    cached: list[_Write] = []
    place, seen = sector_bytes, 0
    while place + sector_bytes <= position.size:
        sector, sectors, flags, _ = _ENTRY.unpack(os.pread(log, _ENTRY.size, place))
        size = 0 if flags & _DISCARD else sectors * sector_bytes
        place += sector_bytes
        if not (sectors or flags) or place + size > position.size:
            break
        seen += 1
        if size:
            cached.append(_Write(sector * sector_bytes, place, size))
            place += size
        if flags & _FLUSH:
            durable += cached
            cached = []
    if seen < position.entries:
        raise SystemExit(f"the log of a disk has {seen} entries, and {position.entries} at a flush")
    return durable, cached


@contextmanager
def mounted(image: Path, place: Path) -> Iterator[None]:
    """Mount a disk at a folder for as long as the block runs; its journal is replayed."""
    words = ["losetup", "--find", "--show", str(image)]
    device = subprocess.run(words, check=True, capture_output=True, text=True).stdout.strip()
    try:
        subprocess.run(["mount", "-t", "ext4", device, place], check=True)
        try:
            yield
        finally:
            subprocess.run(["umount", place], check=True)
    finally:
        subprocess.run(["losetup", "--detach", device], check=True)
