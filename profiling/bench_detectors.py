"""Measure what one look of a detector costs, on one core.

    python profiling/bench_detectors.py [--weights FILE ...] [--runs 30]

The default weights are measured, and every file that is given. Each row is a network at
the input size that a view of 640x360 or 960x544 pixels becomes; engines take turns.
Processor time is what counts: wall time is longer on a machine with other work.
"""

from __future__ import annotations

import statistics
import time
from pathlib import Path
from typing import Final

import numpy as np
from measuring import benchmark_parser, write_result

from recorder_core.detect import Engine, InputGeometry, Weights, family_of, load_weights
from recorder_core.detect._engine_openvino import OpenVinoEngine, best_precision, openvino_core
from recorder_core.detect._engine_pytorch import PyTorchEngine
from recorder_core.model import View

VIEWS: Final = ((640, 360), (960, 544))
#: with bfloat16, milliseconds of processor time
GOALS: Final = {"640x360": {"at_most": 5.0}, "960x544": {"at_most": 10.0}}
WARM_UP: Final = 3


def engines_for(weights: Weights, height_px: int, width_px: int) -> dict[str, Engine]:
    """Load the network onto every engine of this processor, with one thread."""
    family = family_of(weights.detector)
    size = (height_px, width_px)
    engines: dict[str, Engine] = {}
    precisions = dict.fromkeys(("f32", best_precision(openvino_core())))
    for precision in precisions if "openvino" in family.engines else ():
        graph = family.build_graph(weights.tensors, weights.design, weights.anchors, size)
        engines[f"openvino {precision}"] = OpenVinoEngine(graph, 1, precision)
    network = family.build_network(weights.tensors, weights.design, weights.anchors)
    engines["pytorch f32"] = PyTorchEngine(network, cuda=False, threads=1)
    return engines


def measure(weights: Weights, view: tuple[int, int], runs: int) -> list[dict[str, object]]:
    """Return the cost of a look at one view, for each engine."""
    geometry = InputGeometry.fit(View(0, 0, *view))
    height, width = geometry.input_height, geometry.input_width
    picture = np.random.default_rng(1).normal(0, 60, (1, 3, height, width)).astype(np.float32)
    engines = engines_for(weights, height, width)
    spent: dict[str, list[tuple[float, float]]] = {name: [] for name in engines}
    for turn in range(WARM_UP + runs):
        for name, engine in engines.items():
            wall, processor = time.perf_counter(), time.process_time()
            engine.infer(picture)
            cost = (time.perf_counter() - wall, time.process_time() - processor)
            if turn >= WARM_UP:
                spent[name].append(cost)
    return [
        {
            "detector": weights.detector,
            "weights_sha256": weights.sha256,
            "view": f"{view[0]}x{view[1]}",
            "input": f"{width}x{height}",
            "engine": name,
            "processor_ms": round(statistics.median(cpu for _, cpu in costs) * 1e3, 2),
            "wall_ms": round(statistics.median(wall for wall, _ in costs) * 1e3, 2),
        }
        for name, costs in spent.items()
    ]


def main() -> None:
    """Measure, print and write the result."""
    parser = benchmark_parser(__doc__, seconds=0, runs=30)
    parser.add_argument("--weights", type=Path, action="append", default=[])
    options = parser.parse_args()
    rows = [
        row
        for path in [None, *options.weights]
        for view in VIEWS
        for row in measure(load_weights(path), view, options.runs)
    ]
    for row in rows:
        print(
            f"{row['detector']:24} {row['view']:8} {row['engine']:14} "
            f"{row['processor_ms']:7} ms processor, {row['wall_ms']:7} ms wall"
        )
    write_result(options.result, "cost of one look on one core", {"goals": GOALS, "looks": rows})


if __name__ == "__main__":
    main()
