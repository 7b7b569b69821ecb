"""Layers that the networks share, in OpenVINO's operations, straight from tensors.

Batch norms are folded into their convolutions here. Imported only when a graph is made.
"""

from __future__ import annotations

from typing import Any, Final, Literal

import numpy as np
from numpy.typing import NDArray

from recorder_core.detect._openvino_library import openvino, ops
from recorder_core.detect.networks.family import Tensors
from recorder_core.detect.networks.layers.batch_norm import BATCH_NORM_EPSILON

__all__ = [
    "Kernel",
    "by_place",
    "convolve",
    "convolve_norm",
    "enlarge",
    "fold",
    "input_of_any_size",
    "rectify",
]

#: weight and bias of a convolution
Kernel = tuple[NDArray[np.float32], NDArray[np.float32]]
#: "leaky" has a slope of 0.1 below zero
Rectifier = Literal["none", "relu", "leaky"]
#: slope of the leaky rectifier below zero, as in the published RetinaFace
LEAK: Final = 0.1


def input_of_any_size() -> Any:
    """Return the graph's input (1, 3, H, W); its size is that of each picture."""
    return ops.parameter(openvino.PartialShape([1, 3, -1, -1]), np.float32, "picture")


def fold(conv: str, norm: str, tensors: Tensors) -> Kernel:
    """Fold a batch norm's fixed statistics into the convolution before it, which has no bias."""
    variance = tensors[f"{norm}.running_var"].astype(np.float64)
    gain = tensors[f"{norm}.weight"] / np.sqrt(variance + BATCH_NORM_EPSILON)
    weight = tensors[f"{conv}.weight"] * gain[:, None, None, None]
    bias = tensors[f"{norm}.bias"] - tensors[f"{norm}.running_mean"] * gain
    return weight.astype(np.float32), bias.astype(np.float32)


def convolve(node: Any, kernel: Kernel, *, stride: int = 1, rectifier: Rectifier = "none") -> Any:
    """Convolution with bias, padded by half its size; depth-wise where the weight says so."""
    weight, bias = kernel
    pad = [weight.shape[-1] // 2] * 2
    if weight.shape[1] == 1 and weight.shape[0] > 1:
        groups = ops.constant(weight[:, None])
        node = ops.group_convolution(node, groups, [stride] * 2, pad, pad, [1, 1])
    else:
        node = ops.convolution(node, ops.constant(weight), [stride] * 2, pad, pad, [1, 1])
    return rectify(ops.add(node, ops.constant(bias[None, :, None, None])), rectifier)


def convolve_norm(
    node: Any, name: str, tensors: Tensors, *, stride: int = 1, rectifier: Rectifier = "none"
) -> Any:
    """Convolution and batch norm of a sequence called `name`: its members 0 and 1."""
    kernel = fold(f"{name}.0", f"{name}.1", tensors)
    return convolve(node, kernel, stride=stride, rectifier=rectifier)


def rectify(node: Any, rectifier: Rectifier) -> Any:
    """Apply a rectifier."""
    if rectifier == "relu":
        return ops.relu(node)
    if rectifier == "leaky":
        return ops.prelu(node, ops.constant(np.array([LEAK], np.float32)))
    return node


def enlarge(node: Any, like: Any) -> Any:
    """Repeat pixels until the size is that of another node."""
    sides = ops.constant(np.array([2, 3], np.int64))
    size = ops.gather(ops.shape_of(like), sides, ops.constant(np.int64(0)))
    return ops.interpolate(
        node,
        size,
        "nearest",
        "sizes",
        axes=sides,
        coordinate_transformation_mode="asymmetric",
        nearest_mode="floor",
    )


def by_place(node: Any, values: int) -> Any:
    """Turn channels into rows: (1, A x values, H, W) to (1, H x W x A, values)."""
    node = ops.transpose(node, ops.constant(np.array([0, 2, 3, 1], np.int64)))
    return ops.reshape(node, ops.constant(np.array([1, -1, values], np.int64)), False)
