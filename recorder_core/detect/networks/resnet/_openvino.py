"""ResNet and feature pyramid in OpenVINO's operations; imported only when a graph is made."""

from __future__ import annotations

from typing import Any

import numpy as np

from recorder_core.detect._openvino_library import ops
from recorder_core.detect.networks.family import Tensors
from recorder_core.detect.networks.layers._openvino import Kernel, convolve, enlarge, fold
from recorder_core.detect.networks.resnet.design import BLOCKS, SCALE_BGR, ResNetDesign

__all__ = ["build_body", "build_pyramid", "kernel"]


def build_body(picture: Any, design: ResNetDesign, tensors: Tensors) -> list[Any]:
    """Return the features at strides 4, 8, 16 and 32."""
    weight, bias = fold("backbone.body.conv1", "backbone.body.bn1", tensors)
    # the published weights look at red, green, blue, each divided by its spread
    weight = weight[:, ::-1] / np.asarray(SCALE_BGR, np.float32)[:, None, None]
    node = convolve(picture, (np.ascontiguousarray(weight), bias), stride=2, rectifier="relu")
    pooled = ops.max_pool(node, [2, 2], [1, 1], [1, 1], [1, 1], [3, 3], "floor")
    node, ends = pooled.output(0), []
    for layer, count in enumerate(BLOCKS[design.depth], 1):
        for block in range(count):
            stride = 2 if layer > 1 and block == 0 else 1
            name = f"backbone.body.layer{layer}.{block}"
            node = _block(node, name, stride, design.has_bottlenecks, tensors)
        ends.append(node)
    return ends


def _block(node: Any, name: str, stride: int, narrow: bool, tensors: Tensors) -> Any:
    strides = (1, stride, 1) if narrow else (stride, 1)
    change = node
    for number, step in enumerate(strides, 1):
        folded = fold(f"{name}.conv{number}", f"{name}.bn{number}", tensors)
        last = number == len(strides)
        change = convolve(change, folded, stride=step, rectifier="none" if last else "relu")
    if f"{name}.downsample.0.weight" in tensors:
        shortcut = fold(f"{name}.downsample.0", f"{name}.downsample.1", tensors)
        node = convolve(node, shortcut, stride=stride)
    return ops.relu(ops.add(node, change))


def build_pyramid(ends: list[Any], tensors: Tensors) -> list[Any]:
    """Return one level for each end, finest first."""
    above: Any = None
    levels: list[Any] = []
    for level in reversed(range(len(ends))):
        inner = convolve(ends[level], kernel(f"backbone.fpn.inner_blocks.{level}.0", tensors))
        if above is not None:
            inner = ops.add(inner, enlarge(above, inner))
        above = inner
        smooth = kernel(f"backbone.fpn.layer_blocks.{level}.0", tensors)
        levels.insert(0, convolve(inner, smooth))
    return levels


def kernel(name: str, tensors: Tensors) -> Kernel:
    """Return weight and bias of a convolution without a batch norm."""
    return tensors[f"{name}.weight"], tensors[f"{name}.bias"]
