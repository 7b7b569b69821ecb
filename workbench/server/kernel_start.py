"""Start one kernel: limited in memory, closed to other processes of the same system user.

The server runs this file as ``python -m workbench.server.kernel_start``, as ``--kernel-user``.
"""

from __future__ import annotations

import ctypes
import os
import resource
import sys
from pathlib import Path
from typing import Final

__all__ = ["MEMORY_VARIABLE", "main"]

#: how many bytes of data a kernel may have
MEMORY_VARIABLE: Final = "WORKBENCH_KERNEL_BYTES"
_PR_SET_DUMPABLE: Final = 4


def main() -> None:
    """Limit this process, then be a kernel until the server ends it."""
    _limit(int(os.environ.pop(MEMORY_VARIABLE, "0")))
    _close_memory()
    from ipykernel.kernelapp import IPKernelApp

    app = IPKernelApp.instance()
    app.initialize(sys.argv[1:])
    # who has this file can send the kernel work; another kernel of the same system user could
    Path(app.abs_connection_file).unlink(missing_ok=True)
    app.start()


def _limit(most_bytes: int) -> None:
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    if most_bytes:
        resource.setrlimit(resource.RLIMIT_DATA, (most_bytes, most_bytes))


def _close_memory() -> None:
    """Close memory and environment, with the token in it, to kernels of the same system user."""
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(_PR_SET_DUMPABLE, 0, 0, 0, 0)


if __name__ == "__main__":
    main()
