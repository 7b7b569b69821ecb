"""Make the environment: a virtual environment, the right PyTorch build, the kernels.

``python tools/install.py FOLDER`` is what ``make setup`` runs. It needs nothing but
the standard library, may be run again, and says what it does and why.

Environment variables
---------------------
TORCH_INDEX
    Address of a package index that has PyTorch without CUDA, for machines whose
    usual index has only the CUDA build.
TORCH_CUDA=1
    Install whatever build the usual index has, gigabytes of CUDA included.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import venv
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
#: the release that the tests run with
TORCH = "torch==2.13.0"


def say(text: str) -> None:
    """Print one line of progress at once."""
    print(f"setup: {text}", flush=True)


def run(*command: str | Path) -> None:
    """Run a command; stop with one sentence when it fails."""
    if subprocess.run([str(part) for part in command], cwd=ROOT, check=False).returncode:  # noqa: S603
        sys.exit("setup: the step above failed; mend what it says and run the same command again")


def check_tools() -> None:
    """Stop with one sentence when Python or a C compiler is missing."""
    if sys.version_info < (3, 11):  # noqa: UP036 - this is where an older Python is told so
        sys.exit("setup: Python 3.11 or later is needed; start make with PYTHON=python3.11")
    if not any(shutil.which(name) for name in ("cc", "gcc", "clang")):
        sys.exit(
            "setup: a C compiler is needed for the kernels (Debian: apt install gcc python3-dev)"
        )


def brings_cuda(pip: list[str | Path]) -> bool:
    """Return whether the usual index would bring CUDA packages; downloads no package."""
    command = [
        *map(str, pip),
        "install",
        "-q",
        "--dry-run",
        "--ignore-installed",
        "--report",
        "-",
        TORCH,
    ]
    result = subprocess.run(command, capture_output=True, text=True, check=False)  # noqa: S603
    if result.returncode:
        sys.exit(f"setup: {TORCH} cannot be found by pip: {result.stderr.strip()[-500:]}")
    packages = json.loads(result.stdout)["install"]
    return any(package["metadata"]["name"].startswith("nvidia-") for package in packages)


def install_torch(python: Path, pip: list[str | Path]) -> None:
    """Install PyTorch: without CUDA where there is no NVIDIA card."""
    probe = subprocess.run([python, "-c", "import torch"], capture_output=True, check=False)  # noqa: S603
    if probe.returncode == 0:
        return
    index = os.environ.get("TORCH_INDEX")
    if shutil.which("nvidia-smi") or os.environ.get("TORCH_CUDA") == "1":
        say("installing PyTorch with CUDA (gigabytes): an NVIDIA card is here or TORCH_CUDA=1")
        run(*pip, "install", "-q", TORCH)
    elif index:
        say("installing PyTorch without CUDA from TORCH_INDEX: there is no NVIDIA card here")
        run(*pip, "install", "-q", TORCH, "--index-url", index)
    elif brings_cuda(pip):
        sys.exit(
            "setup: there is no NVIDIA card here, and your package index would install gigabytes "
            "of CUDA with PyTorch. Set TORCH_INDEX to PyTorch's index of CPU builds (its "
            "installation page names it) and run this again, or set TORCH_CUDA=1 to accept them."
        )
    else:
        say("installing PyTorch without CUDA: there is no NVIDIA card here, so it is not needed")
        run(*pip, "install", "-q", TORCH)


def main() -> None:
    """Make or refresh the environment in the folder that is the first argument."""
    check_tools()
    folder = ROOT / sys.argv[1]
    python = folder / ("Scripts/python.exe" if os.name == "nt" else "bin/python")
    if not python.exists():
        say(f"making the environment {sys.argv[1]} (a few minutes the first time)")
        venv.create(folder, with_pip=True)
    pip = [python, "-m", "pip", "--disable-pip-version-check"]
    install_torch(python, pip)
    say("installing the other packages and building the kernels")
    run(*pip, "install", "-q", "setuptools>=77", "Cython>=3.1", "numpy>=2.0")
    run(*pip, "install", "-q", "--no-build-isolation", "-e", ".[dev]")
    run(python, "setup.py", "-q", "build_ext", "--inplace")
    say("bundling the widgets")
    run(python, "tools/bundle_widgets.py")
    say("ready")


if __name__ == "__main__":
    main()
