"""RetinaNet as an OpenVINO graph; imported only when the graph is made."""

from __future__ import annotations

from typing import Any

from recorder_core.detect._openvino_library import openvino, ops
from recorder_core.detect.networks.family import Tensors
from recorder_core.detect.networks.layers._openvino import by_place, convolve, input_of_any_size
from recorder_core.detect.networks.resnet._openvino import build_body, build_pyramid, kernel
from recorder_core.detect.networks.resnet.design import ResNetDesign
from recorder_core.detect.networks.retinanet.design import FIRST_LAYER, HEAD_CONVOLUTIONS

__all__ = ["build_graph"]


def build_graph(tensors: Tensors, design: ResNetDesign) -> openvino.Model:
    """Describe the network; see `NetworkFamily.build_graph`."""
    picture = input_of_any_size()
    ends = build_body(picture, design, tensors)[FIRST_LAYER - 1 :]
    levels = build_pyramid(ends, tensors)
    sixth = convolve(levels[-1], kernel("backbone.fpn.extra_blocks.p6", tensors), stride=2)
    seventh = kernel("backbone.fpn.extra_blocks.p7", tensors)
    levels += [sixth, convolve(ops.relu(sixth), seventh, stride=2)]
    offsets = _head(levels, "regression_head", "bbox_reg", 4, tensors)
    margins = _head(levels, "classification_head", "cls_logits", 1, tensors)
    probability = ops.sigmoid(ops.squeeze(margins, [2]))
    return openvino.Model([offsets, probability], [picture], "retinanet")


def _head(levels: list[Any], head: str, last: str, values: int, tensors: Tensors) -> Any:
    rows = []
    for level in levels:
        node = level
        for number in range(HEAD_CONVOLUTIONS):
            inner = kernel(f"head.{head}.conv.{number}.0", tensors)
            node = convolve(node, inner, rectifier="relu")
        node = convolve(node, kernel(f"head.{head}.{last}", tensors))
        rows.append(by_place(node, values))
    return ops.concat(rows, 1)
