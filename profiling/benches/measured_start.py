"""Start a command, and write what it took as JSON.

    python -I -S profiling/benches/measured_start.py REPORT COMMAND ...

Linux counts the peak memory of whoever starts a process as that of the process. This one
has so little that a command's peak is its own; `measuring.py` starts commands with it.
"""

from __future__ import annotations

import json
import os
import sys
from time import perf_counter


def main(report: str, words: list[str]) -> int:
    """Run a command to its end; return its exit status."""
    start = perf_counter()
    process = os.posix_spawnp(words[0], words, os.environ)
    _, status, usage = os.wait4(process, 0)
    used = {
        "wall_seconds": perf_counter() - start,
        "user_seconds": usage.ru_utime,
        "system_seconds": usage.ru_stime,
        "maxrss": usage.ru_maxrss,
    }
    with open(report, "w", encoding="ascii") as file:  # noqa: PTH123 - pathlib takes memory
        json.dump(used, file)
    return os.waitstatus_to_exitcode(status)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1], sys.argv[2:]))
