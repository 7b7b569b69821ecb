"""Measure the kernel from planes to network input against NumPy and OpenCV.

Processor time of one thread, the least of several runs, on made-up planes. Run from
the repository: ``python profiling/benches/bench_view_input.py``; the result is printed and
written to ``profiling/results/view_input.json``.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Callable
from typing import Any, Final

import cv2
import numpy as np
from measuring import RESULTS, write_result

from recorder_core.detect.view_input import (
    InputGeometry,
    view_to_input,
    view_to_input_reference,
)
from recorder_core.model import Planes, View

RESULT: Final = RESULTS / "view_input.json"
MEAN_BGR: Final = (104.0, 117.0, 123.0)
FRAME_WIDTH, FRAME_HEIGHT = 1920, 1080
#: what is measured: name, view, long side of the input; first what a job does with the room view
CASES: Final[tuple[tuple[str, View, int | None], ...]] = (
    ("room view 640x360 to 832x468", View(1280, 720, 640, 360), None),
    ("room view 640x360, size kept", View(1280, 720, 640, 360), 640),
    ("room view 639x359 at odd pixels, size kept", View(1281, 721, 639, 359), 639),
    ("whole 1920x1080 to 960x540", View(0, 0, 1920, 1080), None),
    ("view 1280x720 to 960x540", View(0, 0, 1280, 720), None),
    ("whole 1920x1080 to 640x360", View(0, 0, 1920, 1080), 640),
    ("small view 320x180 to 640x360", View(0, 0, 320, 180), 640),
)


def min_milliseconds(work: Callable[[], object], runs: int) -> float:
    """Return the least processor time of several runs, in milliseconds."""
    times = []
    for _ in range(runs):
        start = time.process_time_ns()
        work()
        times.append(time.process_time_ns() - start)
    return min(times) / 1e6


def opencv_input(packed: np.ndarray, view: View, geometry: InputGeometry) -> np.ndarray:
    """Run the usual steps: whole picture to BGR, crop, resize, float, mean, channels first."""
    frame_bgr = cv2.cvtColor(packed, cv2.COLOR_YUV2BGR_I420)
    crop = frame_bgr[view.y : view.y + view.height, view.x : view.x + view.width]
    size = geometry.content_width, geometry.content_height
    way = cv2.INTER_AREA if size[0] <= view.width else cv2.INTER_LINEAR
    picture = cv2.resize(crop, size, interpolation=way).astype(np.float32)
    picture -= np.asarray(MEAN_BGR, np.float32)
    result = np.zeros((3, geometry.input_height, geometry.input_width), np.float32)
    result[:, : size[1], : size[0]] = picture.transpose(2, 0, 1)
    return result


def measure(name: str, view: View, long_side_px: int | None) -> dict[str, Any]:
    """Time the three ways for one case."""
    rng = np.random.default_rng(0)
    packed = rng.integers(0, 256, (FRAME_HEIGHT * 3 // 2, FRAME_WIDTH), np.uint8)
    chroma = packed[FRAME_HEIGHT:].reshape(2, FRAME_HEIGHT // 2, FRAME_WIDTH // 2)
    planes = Planes(packed[:FRAME_HEIGHT], chroma[0], chroma[1], matrix="bt601")
    geometry = InputGeometry.fit(view, long_side_px)
    out = np.empty((3, geometry.input_height, geometry.input_width), np.float32)
    kernel = min_milliseconds(lambda: view_to_input(planes, view, geometry, MEAN_BGR, out), 60)
    numpy = min_milliseconds(lambda: view_to_input_reference(planes, view, geometry, MEAN_BGR), 3)
    opencv = min_milliseconds(lambda: opencv_input(packed, view, geometry), 10)
    return {
        "case": name,
        "input": f"{geometry.input_width}x{geometry.input_height}",
        "kernel_ms": round(kernel, 3),
        "numpy_ms": round(numpy, 1),
        "opencv_ms": round(opencv, 2),
        "times_faster_than_numpy": round(numpy / kernel),
        "times_faster_than_opencv": round(opencv / kernel, 1),
    }


def main() -> None:
    """Measure every case, print it, and write the result."""
    argparse.ArgumentParser(description=__doc__).parse_args()
    cv2.setNumThreads(1)
    rows = [measure(*case) for case in CASES]
    for row in rows:
        print(
            f"{row['case']:45} {row['kernel_ms']:7.3f} ms   NumPy {row['numpy_ms']:7.1f} ms   "
            f"OpenCV {row['opencv_ms']:6.2f} ms"
        )
    what = "processor milliseconds of one thread, least of several runs"
    write_result(RESULT, what, {"cases": rows})


if __name__ == "__main__":
    main()
