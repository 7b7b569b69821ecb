"""Measure how long each detector's network takes for one picture, on each engine.

    python profiling/benches/bench_detectors.py [--runs 30]

Processor time of one thread, the least of several runs; input sizes are those of room
views of 640x360, 832x468 and 960x544 pixels, which are padded to multiples of 32. The weights
are untrained where none come with the program: the time does not depend on them, but
for Faster R-CNN, whose proposals are then as many as there can be.
"""

from __future__ import annotations

import time
from typing import Any, Final

import numpy as np
from measuring import benchmark_parser, write_result

from recorder_core.detect import InputGeometry, build_engine, choose_engine
from recorder_core.detect.networks.family import NetworkName
from recorder_core.model import View
from recorder_core.train.run.start import load_start
from recorder_core.train.settings import RunSettings, TrainingSettings

SIZES_PX: Final = ((640, 360), (832, 468), (960, 544))
#: name, detector, sizes of the network, the share of the runs that it gets
CASES: Final[tuple[tuple[str, NetworkName, dict[str, Any], float], ...]] = (
    ("RetinaFace-MobileNet-0.25", "retinaface-mnet025", {}, 1.0),
    ("as published, less deep", "retinaface-mnet025", {"stage_blocks": [0, 0, 0]}, 1.0),
    ("compact", "compact", {}, 1.0),
    ("RetinaNet, ResNet-18", "retinanet", {"depth": 18}, 0.1),
    ("RetinaNet, ResNet-50", "retinanet", {"depth": 50}, 0.1),
    ("Faster R-CNN, ResNet-50", "faster-rcnn", {"depth": 50}, 0.0),
)


def measure(detector: NetworkName, sizes: dict[str, Any], runs: int) -> dict[str, dict[str, float]]:
    """Return milliseconds by engine and view."""
    start = load_start(TrainingSettings(run=RunSettings(detector=detector), network=sizes))
    result: dict[str, dict[str, float]] = {}
    for name in ("openvino", "pytorch"):
        if name == "openvino" and detector == "faster-rcnn":
            continue
        choice = choose_engine(name)
        for width, height in SIZES_PX:
            geometry = InputGeometry.fit(View(0, 0, width, height), max(width, height))
            rows, columns = geometry.input_height, geometry.input_width
            engine = build_engine(choice, start, size_px=(rows, columns))
            batch = np.random.default_rng(1).uniform(-100, 100, (1, 3, rows, columns))
            picture = batch.astype(np.float32)
            engine.infer(picture)
            least = min(_time(engine.infer, picture) for _ in range(max(1, runs)))
            by_size = result.setdefault(f"{engine.name} {engine.precision}", {})
            by_size[f"{width}x{height}"] = round(1000 * least, 1)
    return result


def _time(infer: Any, picture: np.ndarray) -> float:
    begun = time.process_time()
    infer(picture)
    return time.process_time() - begun


def main() -> None:
    """Measure, print and write the result."""
    options = benchmark_parser(__doc__, seconds=0, runs=30).parse_args()
    result = {}
    for title, detector, sizes, share in CASES:
        result[title] = measure(detector, sizes, round(options.runs * share))
        for engine, times in result[title].items():
            shown = "  ".join(f"{size} {value:8.1f} ms" for size, value in times.items())
            print(f"{title:28} {engine:14} {shown}", flush=True)
    write_result(
        options.result, "one picture, ms of one thread, network only", {"milliseconds": result}
    )


if __name__ == "__main__":
    main()
