"""Networks run by PyTorch: the reference engine, on the processor or an NVIDIA card.

Imported only when the engine is built.
"""

from __future__ import annotations

import numpy as np
import torch
from numpy.typing import NDArray
from torch import nn

from recorder_core.detect.networks.layers._torch import fold_batch_norm, put_channels_last
from recorder_core.detect.raw_output import RawOutput
from recorder_core.errors import DataError, EngineUnavailable

__all__ = ["PyTorchEngine"]


class PyTorchEngine:
    """A network run by PyTorch in float32; takes any input size.

    Parameters
    ----------
    network : torch.nn.Module
        In eval mode; gives boxes (N, P, 4) and probabilities (N, P). It is changed:
        its batch norms are folded.
    cuda : bool
        Run on the NVIDIA card; otherwise on the processor.
    threads : int
        Processor threads; PyTorch has one setting for the whole process.

    Raises
    ------
    EngineUnavailable
        If the card is asked for and PyTorch cannot use one.
    """

    precision = "f32"
    takes_any_size = True

    def __init__(self, network: nn.Module, *, cuda: bool = False, threads: int = 1) -> None:
        if cuda and not torch.cuda.is_available():
            raise EngineUnavailable("PyTorch cannot use an NVIDIA card on this machine")
        torch.set_num_threads(threads)
        self.threads = threads
        self.name = "pytorch-cuda" if cuda else "pytorch"
        self.device = torch.cuda.get_device_name() if cuda else "processor"
        self._device = torch.device("cuda" if cuda else "cpu")
        # the same function, with fewer and faster passes over memory
        self._network = put_channels_last(fold_batch_norm(network)).to(self._device)

    def infer(self, batch: NDArray[np.float32]) -> RawOutput:
        """Run the network on pictures of shape (N, 3, H, W).

        Raises
        ------
        DataError
            If the pictures have another shape.
        """
        if batch.ndim != 4 or batch.shape[1] != 3 or batch.size == 0:
            raise DataError(f"the engine takes pictures (N, 3, H, W), not {batch.shape}")
        # exact float32 on the card too: the reference must not depend on the device
        with torch.inference_mode(), torch.backends.cudnn.flags(enabled=True, allow_tf32=False):
            pictures = torch.from_numpy(np.ascontiguousarray(batch)).to(self._device)
            pictures = pictures.contiguous(memory_format=torch.channels_last)
            offsets, probability = self._network(pictures)
        return RawOutput(offsets.cpu().numpy(), probability.cpu().numpy())

    def describe(self) -> str:
        """Return one line on what runs where."""
        where = self.device if self._device.type == "cuda" else f"{self.threads} processor threads"
        return f"PyTorch {torch.__version__}, {self.precision}, {where}"
