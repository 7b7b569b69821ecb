"""Faster R-CNN: how it is built, and how torchvision's weights are taken over."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from recorder_core.detect.anchors import AnchorSettings
from recorder_core.detect.networks.family import NetworkFamily, Shape, Tensors
from recorder_core.detect.networks.faster_rcnn.design import (
    FASTER_RCNN_ANCHORS,
    FasterRcnnDesign,
    list_shapes,
)
from recorder_core.detect.networks.resnet.design import MEAN_BGR
from recorder_core.detect.networks.resnet.public_weights import (
    PERSON,
    adopt_public_names,
    guess_design,
    require_tensors,
)
from recorder_core.errors import EngineUnavailable, ModelMismatch

if TYPE_CHECKING:
    import openvino
    from torch import nn

__all__ = ["FasterRcnnFamily"]


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
        return dict(list_shapes(design, anchors.count))

    def new_network(self, design: FasterRcnnDesign, anchors: AnchorSettings) -> nn.Module:
        """Return `recorder_core.detect.networks.faster_rcnn._torch.FasterRcnn`, untrained."""
        from recorder_core.detect.networks.faster_rcnn._torch import FasterRcnn

        return FasterRcnn(design, anchors)

    def build_graph(
        self,
        _tensors: Tensors,
        _design: FasterRcnnDesign,
        _anchors: AnchorSettings,
    ) -> openvino.Model:
        """Refuse: what is looked at again depends on what was proposed."""
        raise EngineUnavailable(f"{self.name} does not run on OpenVINO; choose --engine pytorch")

    def adopt_public(
        self, tensors: dict[str, NDArray[np.float32]]
    ) -> tuple[dict[str, NDArray[np.float32]], dict[str, Any]]:
        """Adopt torchvision's ``fasterrcnn_resnet50_fpn``; see `NetworkFamily.adopt_public`.

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
