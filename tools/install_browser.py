"""Install the browser that the tests of the pages need: Debian's Chromium, where there is none.

``make test`` runs this. It may be run again, and says what it does and why.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

#: where Debian and Ubuntu have it
CHROMIUM = Path("/usr/bin/chromium")


def main() -> None:
    """Install Chromium, or stop with one sentence that says how to."""
    if CHROMIUM.exists():
        return
    if os.geteuid() != 0 or not shutil.which("apt-get"):
        sys.exit(
            f"setup: the tests of the pages need {CHROMIUM}; install it (Debian: sudo apt-get "
            "install chromium) and run the same command again"
        )
    print("setup: installing Chromium for the tests of the pages", flush=True)
    for words in (["update"], ["install", "-y", "--no-install-recommends", "chromium"]):
        command = ["apt-get", "-qq", *words]
        if subprocess.run(command, check=False).returncode:  # noqa: S603
            sys.exit("setup: apt-get failed; mend what it says and run the same command again")


if __name__ == "__main__":
    main()
