"""Make ``engine_parity.npz``: what every engine must answer to a made network and picture.

The network's tensors and the picture come from whole-number arithmetic, the same on
every machine, and have nothing to do with the weights that the program ships. Run
from the repository: ``python tests/vectors/detect/make_engine_parity.py``
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from recorder_core.detect.engines._pytorch import PyTorchEngine
from recorder_core.detect.networks import RETINAFACE
from recorder_core.detect.networks.retinaface import RetinaFaceDesign

VECTORS = Path(__file__).with_name("engine_parity.npz")
#: height and width of the picture; no power of two, so that an exchange shows
SIZE_PX = (96, 160)
#: every so many anchors are stored; odd, so that both anchors of a place occur
ANCHOR_STEP = 7
#: name and shape of every tensor
SHAPES = RETINAFACE.tensor_shapes(RetinaFaceDesign(), RETINAFACE.anchors)
#: the multiplier of Knuth's multiplicative hash
_MULTIPLIER = 2654435761


def spread(shape: tuple[int, ...], seed: int) -> NDArray[np.float32]:
    """Return numbers in [-0.5, 0.5) that look random and are the same everywhere."""
    counter = np.arange(seed * 1_000_003, seed * 1_000_003 + int(np.prod(shape)), dtype=np.uint64)
    mixed = (counter * np.uint64(_MULTIPLIER)) % np.uint64(2**32)
    mixed ^= mixed >> np.uint64(15)
    mixed = (mixed * np.uint64(_MULTIPLIER)) % np.uint64(2**32)
    return (mixed / 2**32 - 0.5).reshape(shape).astype(np.float32)


def make_tensors() -> dict[str, NDArray[np.float32]]:
    """Return tensors of the network's shapes that keep its activations near 1."""
    tensors = {}
    for seed, (name, shape) in enumerate(SHAPES.items()):
        values = spread(shape, seed)
        if name.endswith("running_var"):
            values = values + np.float32(1.0)
        elif "conv1x1" in name:
            # heads: keep the probabilities away from 0 and 1
            values = values * np.float32(0.05)
        elif len(shape) == 4:
            # uniform numbers of width 1 have variance 1/12; two for the rectifier
            values = values * np.float32((24 / np.prod(shape[1:])) ** 0.5)
        elif name.endswith("1.weight") or name.endswith("4.weight"):
            values = values * np.float32(0.2) + np.float32(1.0)
        tensors[name] = values.astype(np.float32)
    return tensors


def make_batch() -> NDArray[np.float32]:
    """Return two pictures in the range that the input has."""
    return spread((2, 3, *SIZE_PX), 1000) * np.float32(8.0)


def main() -> None:
    """Write the answers of the reference engine."""
    network = RETINAFACE.build_network(make_tensors(), RetinaFaceDesign(), RETINAFACE.anchors)
    raw = PyTorchEngine(network).infer(make_batch())
    np.savez_compressed(
        VECTORS,
        anchor_count=raw.face_probability.shape[1],
        box_offsets=raw.box_offsets[:, ::ANCHOR_STEP],
        face_probability=raw.face_probability[:, ::ANCHOR_STEP],
    )


if __name__ == "__main__":
    main()
