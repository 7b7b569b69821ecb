"""Prevent that what a process holds in memory is written to a disk when it crashes."""

from __future__ import annotations

import ctypes
import os
import resource
import sys
from typing import Final

__all__ = ["forbid_memory_dumps"]

#: prctl(2): whether a core file may be written, and who may attach to the process
_PR_SET_DUMPABLE: Final = 4


def forbid_memory_dumps() -> None:
    """Allow neither this process nor its children to leave a core file.

    With a password in memory come keys, and originals that are decrypted there. On Linux nobody
    but the administrator of the machine can read the memory from outside either.

    Raises
    ------
    OSError
        If Linux refuses.
    """
    _, most = resource.getrlimit(resource.RLIMIT_CORE)
    resource.setrlimit(resource.RLIMIT_CORE, (0, most))
    if sys.platform != "linux":
        return
    # a core file that is piped to a program, as systemd has it, knows no limit of size
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.prctl(_PR_SET_DUMPABLE, 0, 0, 0, 0) != 0:
        raise OSError(ctypes.get_errno(), os.strerror(ctypes.get_errno()))
