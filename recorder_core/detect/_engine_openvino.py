"""RetinaFace as an OpenVINO graph, made straight from the weights; no PyTorch, no cache.

Building and compiling the graph takes 0.2 s of one core, as long as compiling a
stored conversion (converting the PyTorch network takes 9 s), so nothing is kept on
disk that could be stale or damaged. Batch norms are folded into their convolutions,
and the two class logits of an anchor into their difference, which is all that the
softmax of two needs. Imported only when the engine is built.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from typing import Any, Final

import numpy as np
import openvino
from numpy.typing import NDArray
from openvino import opset13 as ops

from recorder_core.detect.raw_output import RawOutput
from recorder_core.detect.retinaface import check_tensors
from recorder_core.errors import DataError

__all__ = ["OpenVinoEngine", "best_precision", "build_graph", "processor_name"]

#: slope of the leaky rectifier below zero, everywhere in this network
LEAK: Final = 0.1
#: PyTorch's default: added to a batch norm's variance, and so part of the published weights
BATCH_NORM_EPSILON: Final = 1e-5
#: bfloat16 pays only where the processor calculates with it (AMX or AVX512-BF16)
BF16: Final = "BF16"

_Tensors = Mapping[str, NDArray[np.float32]]
_Pair = tuple[NDArray[np.float32], NDArray[np.float32]]


@cache
def openvino_core() -> openvino.Core:
    """Return the one core of this process.

    Each core brings a signal stack of its own; when an older one goes before a newer
    one, a signal would run on memory that is gone.
    """
    return openvino.Core()


class OpenVinoEngine:
    """RetinaFace compiled by OpenVINO for one input size.

    One object serves one caller at a time: its inference requests are its own.

    Parameters
    ----------
    tensors : mapping of str to ndarray, float32
        The weights.
    height_px, width_px : int
        Size of the network's input.
    threads : int
        Pictures of a batch that are worked on at the same time, one processor thread
        each. (Two threads on one picture cost a third more processor time.)
    precision : {"f32", "bf16"} or None
        None takes bfloat16 where the processor has it, else float32.
    """

    name = "openvino"

    def __init__(
        self,
        tensors: _Tensors,
        height_px: int,
        width_px: int,
        threads: int = 1,
        precision: str | None = None,
    ) -> None:
        core = openvino_core()
        self.device = processor_name(core)
        self.precision = precision or best_precision(core)
        self.threads = threads
        self._shape = (3, height_px, width_px)
        options = {
            "INFERENCE_PRECISION_HINT": self.precision,
            "INFERENCE_NUM_THREADS": threads,
            "NUM_STREAMS": threads,
            # the pipeline's decoder and encoder want the same cores
            "ENABLE_CPU_PINNING": False,
        }
        graph = build_graph(tensors, height_px, width_px)
        compiled = core.compile_model(graph, "CPU", options)
        self._requests = [compiled.create_infer_request() for _ in range(threads)]

    def infer(self, batch: NDArray[np.float32]) -> RawOutput:
        """Run the network on pictures of shape (N, 3, H, W).

        Raises
        ------
        DataError
            If the pictures have not the size that the graph was compiled for.
        """
        if batch.ndim != 4 or batch.shape[1:] != self._shape or len(batch) == 0:
            raise DataError(f"the engine takes pictures of {self._shape}, not {batch.shape}")
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
        """Say in one line what runs where."""
        return (
            f"OpenVINO {openvino.__version__.split('-')[0]}, {self.precision}, "
            f"{self.threads} thread{'s' if self.threads > 1 else ''} of {self.device}"
        )


def processor_name(core: openvino.Core) -> str:
    """Return the processor's name as OpenVINO reads it."""
    return str(core.get_property("CPU", "FULL_DEVICE_NAME")).strip()


def best_precision(core: openvino.Core) -> str:
    """Return "bf16" where the processor calculates with bfloat16, else "f32"."""
    return "bf16" if BF16 in core.get_property("CPU", "OPTIMIZATION_CAPABILITIES") else "f32"


def build_graph(tensors: _Tensors, height_px: int, width_px: int) -> openvino.Model:
    """Describe the network in OpenVINO's operations.

    Parameters
    ----------
    tensors : mapping of str to ndarray, float32
        The weights; checked to be those of the network.
    height_px, width_px : int
        Size of the input, fixed in the graph.

    Returns
    -------
    openvino.Model
        Input (1, 3, H, W); outputs box offsets (1, P, 4) and face probabilities (1, P).
    """
    check_tensors(tensors)
    picture = ops.parameter([1, 3, height_px, width_px], np.float32, "picture")
    levels = [
        _context(f"ssh{level}", node, tensors)
        for level, node in enumerate(_pyramid(_backbone(picture, tensors), tensors), 1)
    ]
    boxes = [_by_anchor(level, *_box_head(i, tensors), 4) for i, level in enumerate(levels)]
    faces = [_by_anchor(level, *_face_head(i, tensors), 1) for i, level in enumerate(levels)]
    offsets = ops.concat(boxes, 1)
    probability = ops.sigmoid(ops.squeeze(ops.concat(faces, 1), [2]))
    return openvino.Model([offsets, probability], [picture], "retinaface")


def _backbone(picture: Any, tensors: _Tensors) -> list[Any]:
    """MobileNet: the ends of its three stages."""
    ends = []
    node = _convolution(picture, "body.stage1.0", 0, tensors, stride=2)
    for stage, first, strides in (
        ("body.stage1", 1, (1, 2, 1, 2, 1)),
        ("body.stage2", 0, (2, 1, 1, 1, 1, 1)),
        ("body.stage3", 0, (2, 1)),
    ):
        for index, stride in enumerate(strides, first):
            node = _convolution(node, f"{stage}.{index}", 0, tensors, stride=stride)
            node = _convolution(node, f"{stage}.{index}", 3, tensors)
        ends.append(node)
    return ends


def _pyramid(ends: list[Any], tensors: _Tensors) -> tuple[Any, Any, Any]:
    """Coarse levels are enlarged and added to finer ones."""
    fine, middle, coarse = (
        _convolution(end, f"fpn.output{level}", 0, tensors) for level, end in enumerate(ends, 1)
    )
    middle = ops.add(middle, _enlarge(coarse, middle))
    middle = _convolution(middle, "fpn.merge2", 0, tensors)
    fine = _convolution(ops.add(fine, _enlarge(middle, fine)), "fpn.merge1", 0, tensors)
    return fine, middle, coarse


def _context(name: str, node: Any, tensors: _Tensors) -> Any:
    """Put views of 3x3, 5x5 and 7x7 places side by side."""
    near = _convolution(node, f"{name}.conv3X3", 0, tensors, leaky=False)
    shared = _convolution(node, f"{name}.conv5X5_1", 0, tensors)
    middle = _convolution(shared, f"{name}.conv5X5_2", 0, tensors, leaky=False)
    far = _convolution(shared, f"{name}.conv7X7_2", 0, tensors)
    far = _convolution(far, f"{name}.conv7x7_3", 0, tensors, leaky=False)
    return ops.relu(ops.concat([near, middle, far], 1))


def _convolution(
    node: Any, name: str, index: int, tensors: _Tensors, *, stride: int = 1, leaky: bool = True
) -> Any:
    """Convolution number `index` of a sequence, its batch norm folded in, its rectifier."""
    weight, bias = _fold(f"{name}.{index}", f"{name}.{index + 1}", tensors)
    pad = [weight.shape[-1] // 2] * 2
    if weight.shape[1] == 1 and weight.shape[0] > 1:
        groups = ops.constant(weight[:, None])
        node = ops.group_convolution(node, groups, [stride] * 2, pad, pad, [1, 1])
    else:
        node = ops.convolution(node, ops.constant(weight), [stride] * 2, pad, pad, [1, 1])
    node = ops.add(node, ops.constant(bias[None, :, None, None]))
    return ops.prelu(node, ops.constant(np.array([LEAK], np.float32))) if leaky else node


def _fold(conv: str, norm: str, tensors: _Tensors) -> _Pair:
    """Put a batch norm's fixed statistics into the convolution before it."""
    variance = tensors[f"{norm}.running_var"].astype(np.float64)
    gain = tensors[f"{norm}.weight"] / np.sqrt(variance + BATCH_NORM_EPSILON)
    weight = tensors[f"{conv}.weight"] * gain[:, None, None, None]
    bias = tensors[f"{norm}.bias"] - tensors[f"{norm}.running_mean"] * gain
    return weight.astype(np.float32), bias.astype(np.float32)


def _enlarge(node: Any, like: Any) -> Any:
    """Repeat pixels until the size is that of another node."""
    size = ops.constant(np.array(list(like.shape)[2:], np.int64))
    return ops.interpolate(
        node,
        size,
        "nearest",
        "sizes",
        axes=ops.constant(np.array([2, 3], np.int64)),
        coordinate_transformation_mode="asymmetric",
        nearest_mode="floor",
    )


def _box_head(level: int, tensors: _Tensors) -> _Pair:
    name = f"BboxHead.{level}.conv1x1"
    return tensors[f"{name}.weight"], tensors[f"{name}.bias"]


def _face_head(level: int, tensors: _Tensors) -> _Pair:
    """Face minus background logit of each anchor: the sigmoid of it is the softmax."""
    name = f"ClassHead.{level}.conv1x1"
    weight, bias = tensors[f"{name}.weight"], tensors[f"{name}.bias"]
    return weight[1::2] - weight[0::2], bias[1::2] - bias[0::2]


def _by_anchor(
    node: Any, weight: NDArray[np.float32], bias: NDArray[np.float32], values: int
) -> Any:
    """1x1 convolution whose channels become one row for each anchor."""
    node = ops.convolution(node, ops.constant(weight), [1, 1], [0, 0], [0, 0], [1, 1])
    node = ops.add(node, ops.constant(bias[None, :, None, None]))
    node = ops.transpose(node, ops.constant(np.array([0, 2, 3, 1], np.int64)))
    return ops.reshape(node, ops.constant(np.array([1, -1, values], np.int64)), False)
