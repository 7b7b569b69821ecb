"""Measure ``workbench detect FOLDER`` on pictures of many sizes against the network's own time.

    python profiling/bench_detect_folder.py [--pictures 100] [--sizes 55]

The pictures are drawn. The network's own time is that of its inferences alone, each with the
input that the command gives it, on engines that are loaded and warm; the command is a new
process, with its start, loads, self-test, decoding of the files and writing of the table.
"""

from __future__ import annotations

import statistics
import sys
import tempfile
from pathlib import Path
from time import perf_counter
from typing import Final

import cv2
import numpy as np
from measuring import benchmark_parser, measure_command, write_result

from recorder_core.datasets.pictures import read_size_px
from recorder_core.detect import DetectorSettings, InputGeometry, load_detector
from recorder_core.detect.weights.drawn_faces import draw_faces
from recorder_core.model import View

GOALS: Final = {"of_the_networks_time": {"at_most": 1.5}}
SEED: Final = 1
#: shortest and longest side of the pictures, pixels
SIDES_PX: Final = (480, 2400)


def draw_pictures(folder: Path, count: int, sizes: int) -> list[Path]:
    """Draw faces on pictures of so many sizes, both upright and on their side."""
    rng = np.random.default_rng(SEED)
    shapes = rng.integers(*SIDES_PX, size=(sizes, 2)).tolist()
    drawing = draw_faces()
    paths = []
    for number in range(count):
        height, width = shapes[number % sizes]
        path = folder / f"{number:03d}.jpg"
        cv2.imwrite(str(path), cv2.resize(drawing, (width, height)))
        paths.append(path)
    return paths


def input_size_px(path: Path) -> tuple[int, int]:
    """Return width and height of the network's input for a picture."""
    geometry = InputGeometry.fit(View(0, 0, *read_size_px(path)), None)
    return geometry.input_width, geometry.input_height


def network_seconds(paths: list[Path], runs: int) -> tuple[float, float, int]:
    """Return the seconds of the inferences alone, of the loads, and the number of inputs."""
    inputs = [input_size_px(path) for path in paths]
    own = load = 0.0
    for width, height in set(inputs):
        begun = perf_counter()
        detector = load_detector(
            DetectorSettings(long_side_px=max(width, height)),
            View(0, 0, width, height),
            self_test=False,
        )
        load += perf_counter() - begun
        batch = np.zeros((1, 3, height, width), np.float32)
        detector.infer(batch)
        times = []
        for _ in range(runs):
            begun = perf_counter()
            detector.infer(batch)
            times.append(perf_counter() - begun)
        own += statistics.median(times) * inputs.count((width, height))
    return own, load, len(set(inputs))


def main() -> None:
    """Measure, print and write the result."""
    parser = benchmark_parser(__doc__, seconds=0, runs=3)
    parser.add_argument("--pictures", type=int, default=100, help="default: %(default)s")
    parser.add_argument("--sizes", type=int, default=55, help="default: %(default)s")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        folder, table = Path(name) / "pictures", Path(name) / "faces.parquet"
        folder.mkdir()
        paths = draw_pictures(folder, options.pictures, options.sizes)
        workbench = str(Path(sys.executable).with_name("workbench"))
        words = [workbench, "detect", str(folder), "-o", str(table), "--overwrite", "--quiet"]
        commands = [measure_command(words) for _ in range(options.runs)]
        own, load, inputs = network_seconds(paths, options.runs)
    wall = statistics.median(command.wall_seconds for command in commands)
    print(
        f"{options.pictures} pictures of {options.sizes} sizes, {inputs} inputs of the network: "
        f"{wall:.1f} s; its inferences alone {own:.1f} s, so {wall / own:.2f} times; loading "
        f"{inputs} engines takes {load:.1f} s"
    )
    result = {
        "goals": GOALS,
        "pictures": options.pictures,
        "sizes": options.sizes,
        "network_inputs": inputs,
        "of_the_networks_time": round(wall / own, 3),
        "network_seconds": round(own, 3),
        "load_seconds": round(load, 3),
        "commands": commands,
    }
    write_result(options.result, "workbench detect FOLDER against the network's own time", result)


if __name__ == "__main__":
    main()
