"""Whether an error says that a disk has no room."""

from __future__ import annotations

import errno
import sqlite3
from typing import Final

__all__ = ["is_full_disk"]

_FULL: Final = {errno.ENOSPC, errno.EDQUOT}


def is_full_disk(error: BaseException | None) -> bool:
    """Return whether an error comes from a disk without room, or a quota that is used up."""
    while error is not None:
        code = getattr(error, "sqlite_errorcode", None)
        if getattr(error, "errno", None) in _FULL or code == sqlite3.SQLITE_FULL:
            return True
        error = error.__cause__
    return False
