"""Load a network onto the engine that was chosen.

Importing this module imports neither PyTorch nor OpenVINO.
"""

from __future__ import annotations

from recorder_core.detect.engines.choice import EngineChoice
from recorder_core.detect.engines.engine import Engine
from recorder_core.detect.networks import family_of
from recorder_core.detect.weights import Weights

__all__ = ["build_engine"]


def build_engine(
    choice: EngineChoice,
    weights: Weights,
    threads: int = 1,
    *,
    size_px: tuple[int, int] | None = None,
) -> Engine:
    """Load the network onto an engine.

    Parameters
    ----------
    choice : EngineChoice
        From `choose_engine`.
    weights : Weights
    threads : int
        Processor threads. OpenVINO gives each picture of a batch one of them, PyTorch
        all of them to each; PyTorch sets them for the whole process.
    size_px : (int, int), optional
        Height and width of the network's input, where it stays the same; see
        `OpenVinoEngine`. PyTorch takes any size.

    Raises
    ------
    ModelMismatch
        If the weights are not those of the network.
    """
    family = family_of(weights.detector)
    if choice.name == "openvino":
        from recorder_core.detect.engines._openvino import OpenVinoEngine

        graph = family.build_graph(weights.tensors, weights.design, weights.anchors)
        return OpenVinoEngine(graph, threads, size_px=size_px)
    from recorder_core.detect.engines._pytorch import PyTorchEngine

    network = family.build_network(weights.tensors, weights.design, weights.anchors)
    return PyTorchEngine(network, cuda=choice.name == "pytorch-cuda", threads=threads)
