"""Measure the time from the start of ``workbench`` to a loaded detector.

    python profiling/benches/bench_startup.py [--runs 10]

A new process each time, with the default engine; it must not import PyTorch. The first
run also reads the libraries from the disk, so it is listed but not in the median. Beside it
stands ``workbench --help``, which loads no command.
"""

from __future__ import annotations

import json
import statistics
import subprocess
import sys
import time
from pathlib import Path
from typing import Any, Final

from measuring import Sample, benchmark_parser, measure_command, usual_environment, write_result

GOALS: Final = {"seconds": {"at_most": 2.0}, "imports_torch": False}
#: what the command imports, then what its job does before the first picture
PROGRAM: Final = """
import json, resource, sys, time
from workbench.cli.main import build_parser
build_parser("deidentify")
imported = time.monotonic()
from recorder_core.detect import DetectorSettings, load_detector
from recorder_core.model import View
detector = load_detector(DetectorSettings(), View(1280, 720, 640, 360))
loaded = time.monotonic()
used = resource.getrusage(resource.RUSAGE_SELF)
print(json.dumps({
    "seconds": loaded - float(sys.argv[1]),
    "import_seconds": imported - float(sys.argv[1]),
    "cpu_seconds": used.ru_utime + used.ru_stime,
    "engine": detector.engine.name,
    "imports_torch": "torch" in sys.modules,
}))
"""


def start_once() -> dict[str, Any]:
    """Start the program in a new process and return what it measured."""
    words = [sys.executable, "-c", PROGRAM, repr(time.monotonic())]
    printed = subprocess.run(
        words, check=True, capture_output=True, text=True, env=usual_environment()
    ).stdout
    measured: dict[str, Any] = json.loads(printed)
    return {k: round(v, 3) if isinstance(v, float) else v for k, v in measured.items()}


def show_help() -> Sample:
    """Measure ``workbench --help``."""
    return measure_command([str(Path(sys.executable).with_name("workbench")), "--help"])


def main() -> None:
    """Measure, print and write the result."""
    options = benchmark_parser(__doc__, seconds=0, runs=10).parse_args()
    first = start_once()
    runs = [start_once() for _ in range(options.runs)]
    helps = [show_help() for _ in range(options.runs)]
    help_cpu_seconds = statistics.median(each.cpu_seconds for each in helps)
    seconds = statistics.median(run["seconds"] for run in runs)
    cpu_seconds = statistics.median(run["cpu_seconds"] for run in runs)
    print(
        f"start to loaded detector: {seconds:.2f} s wall, {cpu_seconds:.2f} s cpu, engine "
        f"{first['engine']}, PyTorch imported: {first['imports_torch']}; "
        f"workbench --help: {help_cpu_seconds:.2f} s cpu"
    )
    result = {
        "goals": GOALS,
        "seconds": round(seconds, 3),
        "cpu_seconds": round(cpu_seconds, 3),
        "help_cpu_seconds": round(help_cpu_seconds, 3),
        "imports_torch": any(run["imports_torch"] for run in runs),
        "first_run": first,
        "runs": runs,
    }
    write_result(options.result, "process start to loaded detector", result)


if __name__ == "__main__":
    main()
