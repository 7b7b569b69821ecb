"""Measure the redaction kernel against NumPy, for each method and several faces.

Processor time of one thread, the least of several runs, on made-up planes of
1920x1080. Run from the repository: ``python profiling/benches/bench_redaction.py``; the result
is printed and written to ``profiling/results/redaction.json``.
"""

from __future__ import annotations

import argparse
import json
import platform
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, Final, get_args

import numpy as np

from recorder_core.deidentify.redaction import redact
from recorder_core.deidentify.redaction_check import changed_share
from recorder_core.deidentify.redaction_reference import redact_reference
from recorder_core.deidentify.redaction_shape import RedactionMethod, RedactionSettings
from recorder_core.model import Planes, Redaction, View

RESULT: Final = Path(__file__).resolve().parents[1] / "results" / "redaction.json"
FRAME_WIDTH, FRAME_HEIGHT = 1920, 1080
BOUNDS: Final = View(0, 0, FRAME_WIDTH, FRAME_HEIGHT)
#: what is measured: name, number of faces, width and height of a face
CASES: Final[tuple[tuple[str, int, int, int], ...]] = (
    ("1 face of 24x32", 1, 24, 32),
    ("4 faces of 60x80", 4, 60, 80),
    ("4 faces of 150x200", 4, 150, 200),
    ("1 face of 600x800", 1, 600, 800),
)


def made_up_planes() -> Planes:
    """Return noise of full-HD size."""
    rng = np.random.default_rng(0)
    chroma = FRAME_HEIGHT // 2, FRAME_WIDTH // 2
    return Planes(
        rng.integers(0, 256, (FRAME_HEIGHT, FRAME_WIDTH), np.uint8),
        rng.integers(0, 256, chroma, np.uint8),
        rng.integers(0, 256, chroma, np.uint8),
    )


def row_of_faces(count: int, width: int, height: int) -> list[Redaction]:
    """Return faces side by side, at places between pixels."""
    return [
        Redaction(0, (100.3 + 400 * i, 140.7, 100.3 + 400 * i + width, 140.7 + height),
                  "detected", i, 0.9)
        for i in range(count)
    ]  # fmt: skip


def min_milliseconds(work: Callable[[], object], runs: int) -> float:
    """Return the least processor time of several runs, in milliseconds."""
    times = []
    for _ in range(runs):
        start = time.process_time_ns()
        work()
        times.append(time.process_time_ns() - start)
    return min(times) / 1e6


def most_levels_apart(faces: list[Redaction], settings: RedactionSettings) -> int:
    """Return the largest difference between the kernel and NumPy."""
    kernel, numpy = made_up_planes(), made_up_planes()
    redact(kernel, faces, settings, BOUNDS)
    redact_reference(numpy, faces, settings, BOUNDS)
    pairs = ((kernel.y, numpy.y), (kernel.u, numpy.u), (kernel.v, numpy.v))
    return max(int(np.abs(a.astype(int) - b).max()) for a, b in pairs)


def measure(
    name: str, count: int, width: int, height: int, method: RedactionMethod
) -> dict[str, Any]:
    """Time one method on one set of faces."""
    faces, settings = row_of_faces(count, width, height), RedactionSettings(method)
    before, planes = made_up_planes(), made_up_planes()
    kernel = min_milliseconds(lambda: redact(planes, faces, settings, BOUNDS), 60)
    numpy = min_milliseconds(lambda: redact_reference(planes, faces, settings, BOUNDS), 3)
    check = min_milliseconds(lambda: changed_share(before, planes, faces, settings, BOUNDS), 5)
    return {
        "case": name,
        "method": method,
        "kernel_ms": round(kernel, 3),
        "numpy_ms": round(numpy, 1),
        "times_faster_than_numpy": round(numpy / kernel, 1),
        "levels_apart": most_levels_apart(faces, settings),
        "check_ms": round(check, 2),
    }


def main() -> None:
    """Measure every case and method, print it, and write the result."""
    argparse.ArgumentParser(description=__doc__).parse_args()
    rows = [measure(*case, method) for case in CASES for method in get_args(RedactionMethod)]
    for row in rows:
        print(
            f"{row['case']:20} {row['method']:7} {row['kernel_ms']:7.3f} ms   "
            f"NumPy {row['numpy_ms']:6.1f} ms   check {row['check_ms']:6.2f} ms"
        )
    result = {
        "what": "processor milliseconds of one thread, least of several runs",
        "machine": f"{platform.machine()}, Python {platform.python_version()}",
        "cases": rows,
    }
    RESULT.parent.mkdir(exist_ok=True)
    RESULT.write_text(json.dumps(result, indent=2) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
