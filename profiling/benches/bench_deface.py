"""Measure how much faster the whole job is than deface on the same file.

    python profiling/benches/bench_deface.py [--folder FOLDER] [--seconds 20] [--runs 3]

Both as whole commands with audio kept; deface with OpenCV and its detector at 832x468,
in a virtual environment of its own that is made in FOLDER (about 300 MB).
"""

from __future__ import annotations

import subprocess
import sys
import venv
from pathlib import Path
from typing import Final

from measuring import (
    LAYOUT,
    benchmark_parser,
    compare,
    deidentify_words,
    make_composite,
    measure_command,
    measure_pairs,
    write_result,
)

DEFACE: Final = "deface==1.5.0"
#: what deface imports; OpenCV without windows, which needs no system libraries
LIBRARIES: Final = ("imageio", "imageio-ffmpeg", "numpy", "opencv-python-headless", "scikit-image",
                    "tqdm")  # fmt: skip
OPTIONS: Final = ("--backend", "opencv", "-k", "--scale", "832x468")
GOALS: Final = {"times_faster": {"at_least": 4, "aim": 8}}


def install_deface(folder: Path) -> Path:
    """Return the folder of deface's commands; installs it where it is not there yet."""
    commands = folder / "deface_venv" / "bin"
    if not (commands / "deface").exists():
        print(f"installing {DEFACE} ...", file=sys.stderr)
        venv.create(commands.parent, with_pip=True)
        pip = [str(commands / "pip"), "install", "--quiet"]
        subprocess.run([*pip, *LIBRARIES], check=True)
        subprocess.run([*pip, "--no-deps", DEFACE], check=True)
    return commands


def versions_of(commands: Path) -> dict[str, str]:
    """Return the versions in deface's environment."""
    freeze = [str(commands / "pip"), "list", "--format", "freeze"]
    listed = subprocess.run(freeze, check=True, capture_output=True, text=True).stdout
    found = dict(line.lower().split("==", 1) for line in listed.splitlines() if "==" in line)
    return {name: found[name] for name in ("deface", *LIBRARIES)}


def main() -> None:
    """Measure, print and write the result."""
    options = benchmark_parser(__doc__, seconds=20, runs=3).parse_args()
    source = make_composite(options.folder, options.seconds).video
    commands = install_deface(options.folder)
    theirs, ours = options.folder / "deface_theirs.mp4", options.folder / "deface_ours.mp4"
    deface_words = [str(commands / "deface"), *OPTIONS, str(source), "-o", str(theirs)]
    deface_runs, job_runs = measure_pairs(
        lambda: measure_command(deface_words),
        lambda: measure_command(deidentify_words(source, ours)),
        options.runs,
    )
    faster = compare(deface_runs, job_runs)
    print(f"times faster than deface: {faster['wall']:.2f} wall, {faster['processor']:.2f} cpu")
    result = {
        "settings": {"seconds": options.seconds, "view": LAYOUT, "deface": " ".join(OPTIONS)},
        "deface_libraries": versions_of(commands),
        "goals": GOALS,
        "times_faster": faster,
        "deface_runs": deface_runs,
        "job_runs": job_runs,
    }
    write_result(options.result, "time of deface / time of the whole job, whole commands", result)


if __name__ == "__main__":
    main()
