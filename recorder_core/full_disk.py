"""Whether an error says that a disk has no space."""

from __future__ import annotations

import errno
from typing import Final

__all__ = ["is_full_disk"]

_FULL: Final = {errno.ENOSPC, errno.EDQUOT}


def is_full_disk(error: BaseException | None) -> bool:
    """Return whether an error comes from a disk without space, or a quota that is used up."""
    while error is not None:
        name = getattr(error, "sqlite_errorname", None)
        if getattr(error, "errno", None) in _FULL or name == "SQLITE_FULL":
            return True
        error = error.__cause__
    return False
