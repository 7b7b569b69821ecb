"""RetinaFace as an OpenVINO graph, made straight from the weights; no PyTorch, no cache.

Building and compiling the graph takes 0.2 s of one core, as long as compiling a
stored conversion (converting the PyTorch network takes 9 s), so nothing is kept on
disk that could be stale or damaged. The graph takes pictures of any size; reshaped
to one it is a little faster and gives the same values. Batch norms are folded into
their convolutions, and the two class logits of an anchor into their difference, which
is all that the softmax of two needs. Imported only when the graph is made.
"""

from __future__ import annotations

from typing import Any

from recorder_core.detect._openvino_library import openvino, ops
from recorder_core.detect.networks.family import Tensors
from recorder_core.detect.networks.layers._openvino import (
    Kernel,
    by_place,
    convolve,
    convolve_norm,
    enlarge,
    fold,
    input_of_any_size,
    rectify,
)
from recorder_core.detect.networks.retinaface.design import RetinaFaceDesign

__all__ = ["build_graph"]


def build_graph(tensors: Tensors, design: RetinaFaceDesign) -> openvino.Model:
    """Describe the network; see `NetworkFamily.build_graph`."""
    picture = input_of_any_size()
    pyramid = _pyramid(_backbone(picture, tensors, design), tensors)
    levels = [
        _context(f"ssh{level}", _residuals(node, f"finer{level}", blocks, tensors), tensors)
        for level, (node, blocks) in enumerate(zip(pyramid, design.pyramid_blocks, strict=True), 1)
    ]
    boxes = [by_place(convolve(level, _box_head(i, tensors)), 4) for i, level in enumerate(levels)]
    faces = [by_place(convolve(level, _face_head(i, tensors)), 1) for i, level in enumerate(levels)]
    offsets = ops.concat(boxes, 1)
    probability = ops.sigmoid(ops.squeeze(ops.concat(faces, 1), [2]))
    return openvino.Model([offsets, probability], [picture], "retinaface")


def _backbone(picture: Any, tensors: Tensors, design: RetinaFaceDesign) -> list[Any]:
    """MobileNet: the ends of its three stages."""
    ends = []
    node = convolve_norm(picture, "body.stage1.0", tensors, stride=2, rectifier="leaky")
    stages = (
        ("body.stage1", 1, (1, 2, 1, 2, 1)),
        ("body.stage2", 0, (2, 1, 1, 1, 1, 1)),
        ("body.stage3", 0, (2, 1)),
    )
    for level, (stage, first, strides) in enumerate(stages, 1):
        for index, stride in enumerate(strides, first):
            name = f"{stage}.{index}"
            node = rectify(_separable(node, name, tensors, stride), "leaky")
        node = _residuals(node, f"deeper{level}", design.stage_blocks[level - 1], tensors)
        ends.append(node)
    return ends


def _separable(node: Any, name: str, tensors: Tensors, stride: int = 1) -> Any:
    """Depth-wise convolution and the 1x1 convolution after it, without its rectifier."""
    node = convolve_norm(node, name, tensors, stride=stride, rectifier="leaky")
    return convolve(node, fold(f"{name}.3", f"{name}.4", tensors))


def _residuals(node: Any, name: str, blocks: int, tensors: Tensors) -> Any:
    """Depth-wise separable changes, each added to what comes in."""
    for index in range(blocks):
        node = ops.add(node, _separable(node, f"{name}.{index}.branch", tensors))
    return node


def _pyramid(ends: list[Any], tensors: Tensors) -> tuple[Any, Any, Any]:
    """Coarse levels are enlarged and added to finer ones."""
    fine, middle, coarse = (
        convolve_norm(end, f"fpn.output{level}", tensors, rectifier="leaky")
        for level, end in enumerate(ends, 1)
    )
    middle = ops.add(middle, enlarge(coarse, middle))
    middle = convolve_norm(middle, "fpn.merge2", tensors, rectifier="leaky")
    fine = ops.add(fine, enlarge(middle, fine))
    return convolve_norm(fine, "fpn.merge1", tensors, rectifier="leaky"), middle, coarse


def _context(name: str, node: Any, tensors: Tensors) -> Any:
    """Concatenate views of 3x3, 5x5 and 7x7 locations."""
    near = convolve_norm(node, f"{name}.conv3X3", tensors)
    shared = convolve_norm(node, f"{name}.conv5X5_1", tensors, rectifier="leaky")
    middle = convolve_norm(shared, f"{name}.conv5X5_2", tensors)
    far = convolve_norm(shared, f"{name}.conv7X7_2", tensors, rectifier="leaky")
    far = convolve_norm(far, f"{name}.conv7x7_3", tensors)
    return ops.relu(ops.concat([near, middle, far], 1))


def _box_head(level: int, tensors: Tensors) -> Kernel:
    name = f"BboxHead.{level}.conv1x1"
    return tensors[f"{name}.weight"], tensors[f"{name}.bias"]


def _face_head(level: int, tensors: Tensors) -> Kernel:
    """Face minus background logit of each anchor: the sigmoid of it is the softmax."""
    name = f"ClassHead.{level}.conv1x1"
    weight, bias = tensors[f"{name}.weight"], tensors[f"{name}.bias"]
    return weight[1::2] - weight[0::2], bias[1::2] - bias[0::2]
