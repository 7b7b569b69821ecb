"""Measure what a training step costs, with float32 and with bfloat16.

    python profiling/benches/bench_training.py [--runs 5]

Processor time of one thread for forward pass, loss and backward pass on one made
batch, the least of several runs, divided by the pictures. Making samples, the teacher
and the optimiser are not in it.
"""

from __future__ import annotations

import time
from dataclasses import replace
from typing import Any, Final, Literal

import numpy as np
import torch
from measuring import benchmark_parser, write_result

from recorder_core.detect.networks.family import NetworkName
from recorder_core.train.run.objectives import make_objective
from recorder_core.train.run.start import build_for_training, load_start
from recorder_core.train.samples.views import Sample
from recorder_core.train.settings import RunSettings, TrainingSettings

EDGE_PX: Final = 320
FACES: Final = 4
_BatchNorm = Literal["live", "fixed", "folded"]
#: name, detector, batch norms, sizes of the network, pictures in a step
CASES: Final[tuple[tuple[str, NetworkName, _BatchNorm, dict[str, Any], int], ...]] = (
    ("RetinaFace, batch norms folded", "retinaface-mnet025", "folded", {}, 8),
    ("RetinaFace, batch norms live", "retinaface-mnet025", "live", {}, 8),
    ("compact", "compact", "live", {}, 8),
    ("RetinaNet, ResNet-18", "retinanet", "fixed", {"depth": 18}, 2),
    ("RetinaNet, ResNet-50", "retinanet", "fixed", {"depth": 50}, 2),
    ("Faster R-CNN, ResNet-18", "faster-rcnn", "fixed", {"depth": 18}, 2),
)


def make_samples(count: int) -> list[Sample]:
    """Return noise with boxes; what a step costs does not depend on what is seen."""
    rng = np.random.default_rng(1)
    samples = []
    for _ in range(count):
        corners = rng.uniform(0, EDGE_PX - 60, (FACES, 2))
        boxes = np.hstack([corners, corners + rng.uniform(12, 60, (FACES, 2))]).astype(np.float32)
        picture = rng.integers(0, 256, (EDGE_PX, EDGE_PX, 3)).astype(np.uint8)
        landmarks = np.full((FACES, 5, 2), np.nan, np.float32)
        nothing, sure = np.zeros((0, 4), np.float32), np.ones(len(boxes), np.float32)
        samples.append(Sample(picture, boxes, nothing, landmarks, sure))
    return samples


def measure(settings: TrainingSettings, count: int, runs: int) -> dict[str, float]:
    """Return milliseconds of processor time a picture, by number format."""
    start = load_start(settings)
    objective, samples = make_objective(start.anchors, settings), make_samples(count)
    arrays = {"numbers": np.arange(count), **objective.make_targets(samples, EDGE_PX)}
    targets = {name: torch.from_numpy(value) for name, value in arrays.items()}
    stacked = np.stack([s.picture_bgr for s in samples]).astype(np.float32)
    pictures = torch.from_numpy(stacked).permute(0, 3, 1, 2) - 114
    network = build_for_training(start, settings)

    def step(lower: bool) -> float:
        begun = time.process_time()
        with torch.autocast("cpu", torch.bfloat16, enabled=lower):
            losses = objective.losses(network, pictures, targets, None)
        torch.stack(list(losses.values())).sum().backward()  # type: ignore[no-untyped-call]
        return time.process_time() - begun

    return {
        name: round(1000 * min(step(lower) for _ in range(runs + 1)) / count, 1)
        for name, lower in (("f32", False), ("bf16", True))
    }


def main() -> None:
    """Measure, print and write the result."""
    options = benchmark_parser(__doc__, seconds=0, runs=5).parse_args()
    torch.set_num_threads(1)
    result: dict[str, dict[str, float]] = {}
    for title, detector, batch_norm, sizes, count in CASES:
        run = replace(RunSettings(), detector=detector, batch_norm=batch_norm, threads=1)
        settings = TrainingSettings(run=run, network=sizes)
        result[title] = measure(settings, count, options.runs)
        print(f"{title:32} {result[title]['f32']:7.1f} ms f32 {result[title]['bf16']:7.1f} ms bf16")
    write_result(
        options.result,
        f"training step, ms of one thread a picture of {EDGE_PX}x{EDGE_PX}",
        {"milliseconds": result},
    )


if __name__ == "__main__":
    main()
