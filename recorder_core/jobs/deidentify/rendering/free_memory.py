"""Return freed memory to the system, so that a long job takes no more than a short one."""

from __future__ import annotations

import ctypes
import os
from typing import Final

__all__ = ["return_free_memory"]

_GLIBC: Final = "CS_GNU_LIBC_VERSION"


def return_free_memory() -> None:
    """Return the pages that nothing uses to the system, where the C library is glibc.

    What is kept of each segment lies between frames that are freed: the holes that it leaves are
    never as large as the next frame, and the heap grows with the length of the video. It takes
    a few milliseconds.
    """
    if _GLIBC in getattr(os, "confstr_names", {}):
        ctypes.CDLL(None).malloc_trim(0)
