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
    choice: EngineChoice, weights: Weights, height_px: int, width_px: int, threads: int = 1
) -> Engine:
    """Load the network onto an engine, for one input size.

    Parameters
    ----------
    choice : EngineChoice
        From `choose_engine`.
    weights : Weights
    height_px, width_px : int
        Size of the network's input.
    threads : int
        Processor threads. OpenVINO gives each picture of a batch one of them, PyTorch
        all of them to each; PyTorch sets them for the whole process.

    Raises
    ------
    ModelMismatch
        If the weights are not those of the network.
    """
    family = family_of(weights.detector)
    if choice.name == "openvino":
        from recorder_core.detect.engines._openvino import OpenVinoEngine

        graph = family.build_graph(
            weights.tensors, weights.design, weights.anchors, (height_px, width_px)
        )
        return OpenVinoEngine(graph, threads)
    from recorder_core.detect.engines._pytorch import PyTorchEngine

    network = family.build_network(weights.tensors, weights.design, weights.anchors)
    return PyTorchEngine(network, cuda=choice.name == "pytorch-cuda", threads=threads)
