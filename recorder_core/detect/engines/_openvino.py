"""Networks run by OpenVINO, on the processor; imported only when the engine is built."""

from __future__ import annotations

from functools import cache
from typing import Final

import numpy as np
from numpy.typing import NDArray

from recorder_core.detect._openvino_library import openvino
from recorder_core.detect.raw_output import RawOutput
from recorder_core.errors import DataError

__all__ = ["OpenVinoEngine", "best_precision", "openvino_core", "processor_name"]

#: bfloat16 pays only where the processor calculates with it (AMX or AVX512-BF16)
BF16: Final = "BF16"

_Pair = tuple[NDArray[np.float32], NDArray[np.float32]]


@cache
def openvino_core() -> openvino.Core:
    """Return the one core of this process.

    Each core brings a signal stack of its own; when an older one goes before a newer
    one, a signal would run on memory that is gone.
    """
    return openvino.Core()


class OpenVinoEngine:
    """A network compiled by OpenVINO.

    One object serves one caller at a time: its inference requests are its own.

    Parameters
    ----------
    graph : openvino.Model
        Takes one picture (1, 3, H, W) of any size, gives boxes (1, P, 4) and
        probabilities (1, P).
    threads : int
        Pictures of a batch that are worked on at the same time, one processor thread
        each. (Two threads on one picture cost a third more processor time.)
    precision : {"f32", "bf16"} or None
        None takes bfloat16 where the processor has it, else float32.
    size_px : (int, int), optional
        Height and width of the pictures, where all have one size: a twentieth faster,
        but each further size is to be compiled, which takes 0.2 s.
    """

    name = "openvino"

    def __init__(
        self,
        graph: openvino.Model,
        threads: int = 1,
        precision: str | None = None,
        size_px: tuple[int, int] | None = None,
    ) -> None:
        core = openvino_core()
        self.device = processor_name(core)
        self.precision = precision or best_precision(core)
        self.threads = threads
        self._size_px = size_px
        if size_px is not None:
            graph.reshape([1, 3, *size_px])
        options = {
            "INFERENCE_PRECISION_HINT": self.precision,
            "INFERENCE_NUM_THREADS": threads,
            "NUM_STREAMS": threads,
            # the pipeline's decoder and encoder want the same cores
            "ENABLE_CPU_PINNING": False,
        }
        compiled = core.compile_model(graph, "CPU", options)
        self._requests = [compiled.create_infer_request() for _ in range(threads)]

    @property
    def takes_any_size(self) -> bool:
        """Whether pictures may have another size than the one it was loaded for."""
        return self._size_px is None

    def infer(self, batch: NDArray[np.float32]) -> RawOutput:
        """Run the network on pictures of shape (N, 3, H, W).

        Raises
        ------
        DataError
            If the pictures have not the size that the graph was compiled for.
        """
        size_px = self._size_px or batch.shape[2:]
        if batch.ndim != 4 or batch.shape[1:] != (3, *size_px) or batch.size == 0:
            raise DataError(f"the engine takes pictures of {(3, *size_px)}, not {batch.shape}")
        results: list[_Pair] = []
        for start in range(0, len(batch), self.threads):
            results += self._infer_together(batch[start : start + self.threads])
        return RawOutput(
            np.concatenate([offsets for offsets, _ in results]),
            np.concatenate([probability for _, probability in results]),
        )

    def _infer_together(self, pictures: NDArray[np.float32]) -> list[_Pair]:
        busy = self._requests[: len(pictures)]
        for request, picture in zip(busy, pictures, strict=True):
            request.start_async({0: picture[None]}, share_inputs=True)
        for request in busy:
            request.wait()
        # a request's tensors are its own memory, overwritten by the next picture
        return [
            (r.get_output_tensor(0).data.copy(), r.get_output_tensor(1).data.copy()) for r in busy
        ]

    def describe(self) -> str:
        """Return one line on what runs where."""
        return (
            f"OpenVINO {openvino.__version__.split('-')[0]}, {self.precision}, "
            f"{self.threads} thread{'s' if self.threads > 1 else ''} of {self.device}"
        )


def processor_name(core: openvino.Core) -> str:
    """Return the processor's name as OpenVINO reads it."""
    return str(core.get_property("CPU", "FULL_DEVICE_NAME")).strip()


def best_precision(core: openvino.Core) -> str:
    """Return "bf16" where the processor computes in bfloat16, else "f32"."""
    return "bf16" if BF16 in core.get_property("CPU", "OPTIMIZATION_CAPABILITIES") else "f32"
