"""Faster R-CNN: proposals of a ResNet with a feature pyramid, each looked at again.

References
----------
.. [1] S. Ren et al., "Faster R-CNN", NeurIPS 2015.
.. [2] T.-Y. Lin et al., "Feature Pyramid Networks for Object Detection", CVPR 2017,
   section 4.2.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

import numpy as np
from numpy.typing import NDArray

from recorder_core.detect.anchors import AnchorSettings
from recorder_core.detect.family import NetworkFamily, Shape, Tensors
from recorder_core.detect.resnet import (
    MEAN_BGR,
    PERSON,
    ResNetDesign,
    adopt_public_names,
    body_shapes,
    guess_design,
    pyramid_shapes,
    require_tensors,
)
from recorder_core.errors import EngineUnavailable, ModelMismatch, SettingsError

if TYPE_CHECKING:
    import openvino
    from torch import nn

__all__ = ["CLASSES", "CROP_CELLS", "FASTER_RCNN_ANCHORS", "FasterRcnnDesign", "FasterRcnnFamily"]

#: background and face
CLASSES: Final = 2
#: cells in a row of what is looked at of a proposal
CROP_CELLS: Final = 7
#: one size and three shapes a place, as published, but half as large: faces are smaller
#: than COCO's objects; offsets of proposals count in anchors
FASTER_RCNN_ANCHORS: Final = AnchorSettings(
    ((16,), (32,), (64,), (128,), (256,)),
    (4, 8, 16, 32, 64),
    (1.0, 1.0),
    (0.5, 1.0, 2.0),
    0.0,
    whole_halves=True,
)


@dataclass(frozen=True, slots=True)
class FasterRcnnDesign(ResNetDesign):
    """Sizes of the ResNet and of the head that looks at proposals."""

    #: numbers that describe a proposal before it is judged
    representation: int = 1024

    def __post_init__(self) -> None:
        # a dataclass with slots is made anew, so the plain super() would not find it
        ResNetDesign.__post_init__(self)
        if type(self.representation) is not int or self.representation < 1:
            raise SettingsError("representation must be a whole number from 1")


class FasterRcnnFamily(NetworkFamily[FasterRcnnDesign]):
    """ResNet-18, 34 or 50 with a pyramid of five levels, strides 4 to 64, in PyTorch only."""

    name = "faster-rcnn"
    network = "faster-rcnn-resnet-fpn"
    mean_bgr = MEAN_BGR
    anchors = FASTER_RCNN_ANCHORS
    backbone = "backbone.body."
    adopts = True
    gives_offsets = False
    engines = ("pytorch-cuda", "pytorch")
    design_type = FasterRcnnDesign

    def tensor_shapes(self, design: FasterRcnnDesign, anchors: AnchorSettings) -> dict[str, Shape]:
        """Return name and shape of every tensor, in torchvision's order."""
        return dict(_list_shapes(design, anchors.count))

    def new_network(self, design: FasterRcnnDesign, anchors: AnchorSettings) -> nn.Module:
        """Return `recorder_core.detect._faster_rcnn_torch.FasterRcnn`, untrained."""
        from recorder_core.detect._faster_rcnn_torch import FasterRcnn

        return FasterRcnn(design, anchors)

    def build_graph(
        self,
        _tensors: Tensors,
        _design: FasterRcnnDesign,
        _anchors: AnchorSettings,
        _size_px: tuple[int, int],
    ) -> openvino.Model:
        """Refuse: what is looked at again depends on what was proposed."""
        raise EngineUnavailable(f"{self.name} does not run on OpenVINO; choose --engine pytorch")

    def adopt_public(
        self, tensors: dict[str, NDArray[np.float32]]
    ) -> tuple[dict[str, NDArray[np.float32]], dict[str, Any]]:
        """Take over torchvision's ``fasterrcnn_resnet50_fpn``; see `NetworkFamily.adopt_public`.

        Of the classes of COCO background and person stay, as the start of the face.
        """
        named = adopt_public_names(tensors)
        design, name = guess_design(named), "roi_heads.box_predictor"
        layers = [f"{name}.{layer}" for layer in ("cls_score", "bbox_pred")]
        wanted = [f"{layer}.{part}" for layer in layers for part in ("weight", "bias")]
        require_tensors(named, [*wanted, "roi_heads.box_head.fc6.bias"])
        classes = named[f"{name}.cls_score.bias"].shape[0]
        if classes <= PERSON or named[f"{name}.bbox_pred.bias"].shape[0] != 4 * classes:
            raise ModelMismatch(f"{name} is not that of a detector with several classes")
        for part in ("weight", "bias"):
            scores, boxes = named[f"{name}.cls_score.{part}"], named[f"{name}.bbox_pred.{part}"]
            named[f"{name}.cls_score.{part}"] = scores[[0, PERSON]]
            by_class = boxes.reshape(classes, 4, *boxes.shape[1:])[[0, PERSON]]
            named[f"{name}.bbox_pred.{part}"] = by_class.reshape(8, *boxes.shape[1:])
        design["representation"] = named["roi_heads.box_head.fc6.bias"].shape[0]
        return named, design


def _list_shapes(design: FasterRcnnDesign, anchors: int) -> Iterator[tuple[str, Shape]]:
    width, hidden = design.pyramid, design.representation
    yield from body_shapes("backbone.body.", design)
    yield from pyramid_shapes("backbone.fpn.", design.channels, width)
    yield from _layer("rpn.head.conv.0.0", (width, width, 3, 3))
    yield from _layer("rpn.head.cls_logits", (anchors, width, 1, 1))
    yield from _layer("rpn.head.bbox_pred", (4 * anchors, width, 1, 1))
    yield from _layer("roi_heads.box_head.fc6", (hidden, width * CROP_CELLS**2))
    yield from _layer("roi_heads.box_head.fc7", (hidden, hidden))
    yield from _layer("roi_heads.box_predictor.cls_score", (CLASSES, hidden))
    yield from _layer("roi_heads.box_predictor.bbox_pred", (4 * CLASSES, hidden))


def _layer(name: str, weight: Shape) -> Iterator[tuple[str, Shape]]:
    yield f"{name}.weight", weight
    yield f"{name}.bias", weight[:1]
