"""Give tables that grow with a video's length memory of their own, so that they leave no holes."""

from __future__ import annotations

import ctypes
import os
from typing import Final

__all__ = ["map_large_blocks"]

#: mallopt(3)
_M_MMAP_THRESHOLD: Final = -3
#: blocks from this size on, bytes; what packets and segments are copied into is smaller
_LARGE_BYTES: Final = 1 << 20
_GLIBC: Final = "CS_GNU_LIBC_VERSION"


def map_large_blocks() -> None:
    """Make glibc give every block of 1 MiB and more pages of its own; for this whole process.

    FFmpeg's tables have a row for each packet and are made larger step by step. glibc maps large
    blocks by themselves, but what counts as large grows to the size of each one that is freed, up
    to 32 MiB: the tables then grow in the heap, where each step leaves a hole that is too small
    for the next. A size that is set stays, and a table that grows is moved by its pages, without
    a copy. With another C library nothing is done.
    """
    if _GLIBC in getattr(os, "confstr_names", {}):
        ctypes.CDLL(None).mallopt(_M_MMAP_THRESHOLD, _LARGE_BYTES)
