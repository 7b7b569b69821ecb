"""Tell that memory ran out from what libraries make of it.

FFmpeg's decoders call a picture damaged that they had no memory for, its encoders
cannot be opened, OpenVINO and the dynamic linker raise errors of their own. What is
sure is how near the process came to its limit.
"""

from __future__ import annotations

import re
import resource
from pathlib import Path
from typing import Final

__all__ = ["memory_sentence"]

_STATUS: Final = Path("/proc/self/status")
_PEAK: Final = re.compile(r"^VmPeak:\s+(\d+) kB$", re.MULTILINE)
_KIB: Final = 1 << 10
_MIB: Final = 1 << 20
#: share of the limit from which an error is taken for one of memory: a library may ask for
#: a fifth of what it has at once, and none tells how much it asked for
_NEAR_LIMIT: Final = 0.8
#: what the system and libraries say when they get no memory
_WORDS: Final = (
    "alloc",
    "not enough memory",
    "failed to map segment",
    "can't start new thread",
)


def memory_sentence(error: BaseException, *, in_batches: bool = False) -> str:
    """Return one sentence where an error comes from too little memory, otherwise "".

    Parameters
    ----------
    error : BaseException
        What ended a command.
    in_batches : bool
        Whether the command has the option ``--batch-size``.
    """
    limit, peak = _limit_bytes(), _peak_bytes()
    near = bool(limit) and peak >= _NEAR_LIMIT * limit
    said = isinstance(error, MemoryError) or any(word in str(error) for word in _WORDS)
    if not (near or said):
        return ""
    bounds = f": this process may use {limit / _MIB:.0f} MiB" if limit else ""
    if not in_batches:
        return (
            f"there was not enough memory{bounds}; allow more (ulimit -v) or close other programs"
        )
    return (
        f"there was not enough memory{bounds}; allow more (ulimit -v), close other programs, or "
        "take a smaller --batch-size"
    )


def _limit_bytes() -> int:
    """Return how much address space the process may use; 0: as much as there is."""
    soft, _ = resource.getrlimit(resource.RLIMIT_AS)
    return 0 if soft == resource.RLIM_INFINITY else soft


def _peak_bytes() -> int:
    """Return the most address space that the process has used; 0: not known."""
    try:
        found = _PEAK.search(_STATUS.read_text(encoding="ascii", errors="replace"))
    except OSError:
        return 0
    return int(found[1]) * _KIB if found else 0
