"""Say that a file system has no locks, where that is why a step failed: NFS may be set up so."""

from __future__ import annotations

import errno
import fcntl
import tempfile
from pathlib import Path
from typing import Final

__all__ = ["NO_LOCKS", "disk_advice", "lacks_posix_locks"]

NO_LOCKS: Final = "its file system has no locks: put the archive on one that has"
_NO_LOCKS_ERRORS: Final = {errno.ENOLCK, errno.ENOTSUP, errno.ENOSYS}


def disk_advice(error: OSError) -> str:
    """Return what to do about a file that could not be locked or written."""
    return NO_LOCKS if error.errno in _NO_LOCKS_ERRORS else "check the disk and its permissions"


def lacks_posix_locks(folder: Path) -> bool:
    """Return whether the file system of a folder refuses locks of the kind that SQLite takes.

    A file without a name is tried: closing one of SQLite's would end the locks that are held.
    """
    try:
        with tempfile.TemporaryFile(dir=folder) as file:
            fcntl.lockf(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError as error:
        return error.errno in _NO_LOCKS_ERRORS
    return False
