"""The compact detector as an OpenVINO graph; imported only when the graph is made."""

from __future__ import annotations

from typing import Any

from recorder_core.detect._openvino_library import openvino, ops
from recorder_core.detect.networks.compact.design import LEVELS, CompactDesign
from recorder_core.detect.networks.family import Tensors
from recorder_core.detect.networks.layers._openvino import (
    by_place,
    convolve,
    convolve_norm,
    enlarge,
    fold,
    input_of_any_size,
)

__all__ = ["build_graph"]


def build_graph(tensors: Tensors, design: CompactDesign) -> openvino.Model:
    """Describe the network; see `NetworkFamily.build_graph`."""
    picture = input_of_any_size()
    levels = [
        _head(node, i, design, tensors) for i, node in enumerate(_pyramid(picture, design, tensors))
    ]
    boxes = [by_place(convolve(node, _last("box", tensors)), 4) for node in levels]
    faces = [by_place(convolve(node, _last("face", tensors)), 1) for node in levels]
    probability = ops.sigmoid(ops.squeeze(ops.concat(faces, 1), [2]))
    return openvino.Model([ops.concat(boxes, 1), probability], [picture], "compact")


def _backbone(picture: Any, design: CompactDesign, tensors: Tensors) -> list[Any]:
    """Return the features at strides 8, 16 and 32."""
    node, ends = picture, []
    for name in ("stem.0", "stem.1"):
        node = convolve_norm(node, name, tensors, stride=2, rectifier="relu")
    for level, blocks in enumerate(design.blocks):
        node = convolve_norm(node, f"stages.{level}.0", tensors, stride=2, rectifier="relu")
        for block in range(1, blocks + 1):
            name = f"stages.{level}.{block}"
            change = convolve_norm(node, f"{name}.first", tensors, rectifier="relu")
            change = convolve_norm(change, f"{name}.second", tensors)
            node = ops.relu(ops.add(node, change))
        ends.append(node)
    return ends


def _pyramid(picture: Any, design: CompactDesign, tensors: Tensors) -> list[Any]:
    """Coarse levels are enlarged and added to finer ones, then shrunk and added back."""

    def convolution(node: Any, name: str, stride: int = 1) -> Any:
        return convolve_norm(node, name, tensors, stride=stride, rectifier="relu")

    ends = _backbone(picture, design, tensors)
    levels = [convolution(end, f"lateral.{level}") for level, end in enumerate(ends)]
    for level in reversed(range(LEVELS - 1)):
        both = ops.add(levels[level], enlarge(levels[level + 1], levels[level]))
        levels[level] = convolution(both, f"merge.{level}")
    for level in range(LEVELS - 1):
        both = ops.add(levels[level + 1], convolution(levels[level], f"down.{level}", 2))
        levels[level + 1] = convolution(both, f"back.{level}")
    return levels


def _head(node: Any, level: int, design: CompactDesign, tensors: Tensors) -> Any:
    for index in range(design.head_convolutions):
        kernel = fold(f"head.convolutions.{index}", f"head.norms.{index}.{level}", tensors)
        node = convolve(node, kernel, rectifier="relu")
    return node


def _last(name: str, tensors: Tensors) -> tuple[Any, Any]:
    return tensors[f"head.{name}.weight"], tensors[f"head.{name}.bias"]
