"""Install Debian's programs that the tests need, where there are none.

``make test`` runs this. It may be run again, and says what it does and why.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Final

#: package -> where Debian and Ubuntu have its program
PROGRAMS: Final = {
    # the browser in which the pages are tested
    "chromium": Path("/usr/bin/chromium"),
    # a display without a screen, which is recorded as a source
    "xvfb": Path("/usr/bin/Xvfb"),
    # shows what a recording writes
    "strace": Path("/usr/bin/strace"),
    # reads what the program wrote, independently of it
    "ffmpeg": Path("/usr/bin/ffprobe"),
}


def main() -> None:
    """Install what is missing, or stop with one sentence that says how to."""
    missing = [package for package, path in PROGRAMS.items() if not path.exists()]
    if not missing:
        return
    if os.geteuid() != 0 or not shutil.which("apt-get"):
        needed = " and ".join(str(PROGRAMS[package]) for package in missing)
        sys.exit(
            f"setup: the tests need {needed}; install it (Debian: sudo apt-get install "
            f"{' '.join(missing)}) and run the same command again"
        )
    print(f"setup: installing {' and '.join(missing)} for the tests", flush=True)
    for words in (["update"], ["install", "-y", "--no-install-recommends", *missing]):
        command = ["apt-get", "-qq", *words]
        if subprocess.run(command, check=False).returncode:  # noqa: S603
            sys.exit("setup: apt-get failed; mend what it says and run the same command again")


if __name__ == "__main__":
    main()
