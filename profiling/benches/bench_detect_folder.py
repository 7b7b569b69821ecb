"""Measure ``workbench detect FOLDER`` on pictures of many sizes against the network's own time.

    python profiling/benches/bench_detect_folder.py [--pictures 100] [--sizes 55]

The pictures are drawn. The network's own time is that of its inferences alone, each with the
input that the command gives it, on engines that are loaded and warm; the command is a new
process, with its start, loads, self-test, decoding of the files and writing of the table.

What else the command needs is measured part by part. Its start is that of the command on one of
the pictures, less one inference. OpenVINO generates code when it meets an input's size for the
first time: that is what the first inferences take more than the second ones, of one engine for any
size. The command shares the pictures out among as many threads as there are cores, each of which
decodes, scales and searches; what one thread takes for each part alone is measured here.

Each picture keeps the size of input that is its own: where pictures are padded to fewer sizes less
code is generated, but faces at the edges of pictures are lost; see ``compare_padding.py``.
On a machine that does other work, compare processor times.
"""

from __future__ import annotations

import statistics
import sys
import tempfile
from collections.abc import Callable
from dataclasses import asdict, dataclass
from functools import partial
from pathlib import Path
from time import perf_counter, process_time
from typing import Any, Final

import cv2
import numpy as np
from measuring import benchmark_parser, measure_command, measure_pairs, write_result

from recorder_core.datasets.pictures import read_size_px
from recorder_core.detect import DetectorSettings, InputGeometry, load_detector
from recorder_core.detect.weights.drawn_faces import draw_faces
from recorder_core.media import read_picture
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


@dataclass(frozen=True, slots=True)
class Parts:
    """Seconds of what the command does, each measured alone in this process."""

    #: inferences, on warm engines of one size each
    network: float
    #: the same in processor time
    network_cpu: float
    #: loads of those engines, which the command does not do
    loads: float
    #: what the first inferences of each size take more than the second, one engine for any size
    first_inferences: float
    #: decoding the files, and scaling them to the network's input
    preparation: float


def measure_parts(paths: list[Path], runs: int) -> Parts:
    """Measure the parts; generated code is kept by the process, so its cost comes first."""
    inputs = [input_size_px(path) for path in paths]
    first, preparation = first_inferences(paths)
    own = own_cpu = loads = 0.0
    for width, height in set(inputs):
        begun = perf_counter()
        detector = load_detector(
            DetectorSettings(long_side_px=max(width, height)),
            View(0, 0, width, height),
            self_test=False,
        )
        loads += perf_counter() - begun
        batch = np.zeros((1, 3, height, width), np.float32)
        detector.infer(batch)
        count, infer = inputs.count((width, height)), partial(detector.infer, batch)
        own += statistics.median(seconds_of(infer) for _ in range(runs)) * count
        own_cpu += statistics.median(seconds_of(infer, process_time) for _ in range(runs)) * count
    return Parts(own, own_cpu, loads, first, preparation)


def first_inferences(paths: list[Path]) -> tuple[float, float]:
    """Return what first inferences of a size take more than second ones, and the preparation."""
    whole = View(0, 0, *read_size_px(paths[0]))
    detector = load_detector(DetectorSettings(), whole, self_test=False, any_size=True)
    met: set[tuple[int, ...]] = set()
    extra = preparation = 0.0
    for path in paths:
        begun = perf_counter()
        planes = read_picture(path)
        geometry = InputGeometry.fit(View(0, 0, planes.width, planes.height), None)
        own = detector.for_geometry(geometry)
        batch = own.process_image(own.crop_view(planes))
        preparation += perf_counter() - begun
        if batch.shape not in met:
            met.add(batch.shape)
            first = seconds_of(partial(own.infer, batch))
            extra += first - seconds_of(partial(own.infer, batch))
    return extra, preparation


def seconds_of(work: Callable[[], object], clock: Callable[[], float] = perf_counter) -> float:
    """Return how long a call takes."""
    begun = clock()
    work()
    return clock() - begun


def detect_words(source: Path, table: Path) -> list[str]:
    """Return the command."""
    workbench = str(Path(sys.executable).with_name("workbench"))
    return [workbench, "detect", str(source), "-o", str(table), "--overwrite", "--quiet"]


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
        ones, commands = measure_pairs(
            lambda: measure_command(detect_words(paths[0], table)),
            lambda: measure_command(detect_words(folder, table)),
            options.runs,
        )
        parts = measure_parts(paths, options.runs)
        inputs = len({input_size_px(path) for path in paths})
    wall = statistics.median(command.wall_seconds for command in commands)
    cpu = statistics.median(command.cpu_seconds for command in commands)
    start = statistics.median(one.wall_seconds for one in ones) - parts.network / len(paths)
    result = {
        "goals": GOALS,
        "pictures": options.pictures,
        "sizes": options.sizes,
        "network_inputs": inputs,
        "of_the_networks_time": round(wall / parts.network, 3),
        "of_the_networks_processor_time": round(cpu / parts.network_cpu, 3),
        "of_the_networks_time_without_start": round((wall - start) / parts.network, 3),
        "start_seconds": round(start, 3),
        "parts_seconds": {part: round(took, 3) for part, took in asdict(parts).items()},
        "commands": commands,
        "commands_of_one_picture": ones,
    }
    print_result(result, wall)
    write_result(options.result, "workbench detect FOLDER against the network's own time", result)


def print_result(result: dict[str, Any], wall: float) -> None:
    """Print a line for each part."""
    parts = result["parts_seconds"]
    print(
        f"{result['pictures']} pictures of {result['sizes']} sizes, {result['network_inputs']} "
        f"inputs of the network\n"
        f"  the command                    {wall:6.2f} s  {result['of_the_networks_time']:.2f} "
        f"times the network's own time, "
        f"{result['of_the_networks_processor_time']:.2f} times its processor time\n"
        f"  its start                      {result['start_seconds']:6.2f} s, without it "
        f"{result['of_the_networks_time_without_start']:.2f} times\n"
        f"  inferences alone               {parts['network']:6.2f} s\n"
        f"  first inferences of an input   {parts['first_inferences']:6.2f} s more\n"
        f"  decoding and scaling           {parts['preparation']:6.2f} s\n"
        f"  loading an engine an input     {parts['loads']:6.2f} s, which the command does not do\n"
        "  (of one thread each; the command has one a core)"
    )


if __name__ == "__main__":
    main()
