"""Room that is kept for the small writes: signing in, logging, listing and deleting.

Each root holds a file that takes up space and means nothing. When the disk runs full, small
writes are given some of it back; streams are not, and stop. So a full disk can still be cleared
by this program. The file is filled up again as soon as there is space.

A file system may have space for bytes and none for another file. So there are some empty files
beside it, which are removed for those that must be made.
"""

from __future__ import annotations

import errno
import os
from contextlib import suppress
from pathlib import Path
from typing import Final

from recorder_core.model.files.inner_files import inner_fault, open_inner, remove_inner

__all__ = [
    "RESERVE_NAME",
    "SPARE_NAMES",
    "check_bulk_space",
    "fill_reserve",
    "keep_space",
    "lacks_files",
    "missing_bytes",
]

RESERVE_NAME: Final = "reserve.bin"
#: empty files; signing in makes fewer: what SQLite keeps, locks, and new versions of files
SPARE_NAMES: Final = tuple(f"reserve.{number}.bin" for number in range(1, 9))
#: some hundred transactions of the catalog, and their log
RESERVE_BYTES: Final = 4 * 2**20
#: of a small file system no more than this part of it
RESERVE_DIVISOR: Final = 16
#: small writes find this part of the reserve free
SPACE_DIVISOR: Final = 4


def fill_reserve(root: Path, *, beside: str | None = None) -> int:
    """Make the reserve of a root as large as it should be, where there is space for that.

    Parameters
    ----------
    root : Path
        Folder of an archive or of a mirror.
    beside : str, optional
        Name of a file without which it is none; see `open_inner`.

    Returns
    -------
    int
        How many bytes are still missing; 0 if the reserve is whole.

    Raises
    ------
    OSError
        If the root cannot be written for another reason than a full disk.
    """
    path, wanted = root / RESERVE_NAME, _reserve_bytes(root)
    if inner_fault(path, writing=True) is not None:
        remove_inner(path)
    descriptor = open_inner(path, os.O_RDWR | os.O_CREAT, beside=beside)
    try:
        present = os.fstat(descriptor)
        # less than its size: a copy that was made sparse
        held_bytes = min(present.st_size, present.st_blocks * 512)
        # with its room beside it: where that does not fit, what it had before is kept
        if held_bytes < wanted and _free_bytes(root) >= _missing(wanted, held_bytes):
            os.posix_fallocate(descriptor, 0, wanted)
    except OSError as error:
        if error.errno != errno.ENOSPC:
            raise
    finally:
        os.close(descriptor)
    _fill_spares(root, beside)
    return missing_bytes(root)


def missing_bytes(root: Path) -> int:
    """Return how much of a root's reserve small writes have taken; 0 where there is none."""
    try:
        return max(0, _reserve_bytes(root) - (root / RESERVE_NAME).lstat().st_size)
    except OSError:
        return 0


def keep_space(root: Path) -> None:
    """Free the reserve for small writes, if the disk has too little space of its own.

    Never an error: the write that follows says what is wrong with the root.
    """
    with suppress(OSError):
        _free_files(root)
        lacking = _reserve_bytes(root) // SPACE_DIVISOR - _free_bytes(root)
        if lacking <= 0:
            return
        descriptor = open_inner(root / RESERVE_NAME, os.O_RDWR)
        try:
            os.ftruncate(descriptor, max(0, os.fstat(descriptor).st_size - lacking))
        finally:
            os.close(descriptor)


def check_bulk_space(root: Path) -> None:
    """Raise unless streams may be written to a root, or if it keeps no reserve.

    Raises
    ------
    OSError
        ENOSPC if only the space of small writes is left, or less.
    """
    if not (root / RESERVE_NAME).exists():
        return
    if (
        lacks_files(root)
        or missing_bytes(root)
        or _free_bytes(root) < _reserve_bytes(root) // SPACE_DIVISOR
    ):
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), str(root))


def lacks_files(root: Path) -> bool:
    """Return whether files were removed for small writes, and their file system has no more.

    Never so where a root keeps none, as one of an earlier version.
    """
    there = [name for name in SPARE_NAMES if os.path.lexists(root / name)]
    return 0 < len(there) < len(SPARE_NAMES) or (bool(there) and _lacking_files(root) > 0)


def _fill_spares(root: Path, beside: str | None) -> None:
    """Make the empty files that are missing, where as many again are left."""
    missing = [name for name in SPARE_NAMES if not os.path.lexists(root / name)]
    if _lacking_files(root, len(missing) + len(SPARE_NAMES)) > 0:
        return
    for name in missing:
        os.close(open_inner(root / name, os.O_RDWR | os.O_CREAT, beside=beside))


def _free_files(root: Path) -> None:
    """Remove as many empty files as the file system lacks."""
    there = [name for name in SPARE_NAMES if os.path.lexists(root / name)]
    for name in there[1 : 1 + _lacking_files(root)]:  # the first shows that there were others
        remove_inner(root / name)


def _lacking_files(root: Path, wanted: int = len(SPARE_NAMES) - 1) -> int:
    """Return how many files less than wanted a file system can make; 0 if it does not count."""
    system = os.statvfs(root)
    return max(0, wanted - system.f_favail) if system.f_files else 0


def _missing(wanted_bytes: int, held_bytes: int) -> int:
    return wanted_bytes - held_bytes + wanted_bytes // SPACE_DIVISOR


def _reserve_bytes(root: Path) -> int:
    system = os.statvfs(root)
    return min(RESERVE_BYTES, system.f_blocks * system.f_frsize // RESERVE_DIVISOR)


def _free_bytes(root: Path) -> int:
    system = os.statvfs(root)
    return system.f_bavail * system.f_frsize
