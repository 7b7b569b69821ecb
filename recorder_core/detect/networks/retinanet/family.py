"""RetinaNet: how it is built on each engine, and how torchvision's weights are taken over."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from recorder_core.detect.anchors import AnchorSettings
from recorder_core.detect.networks.family import NetworkFamily, Shape, Tensors
from recorder_core.detect.networks.resnet.design import MEAN_BGR, ResNetDesign
from recorder_core.detect.networks.resnet.public_weights import (
    PERSON,
    adopt_public_names,
    guess_design,
    require_tensors,
)
from recorder_core.detect.networks.retinanet.design import RETINANET_ANCHORS, list_shapes
from recorder_core.errors import ModelMismatch

if TYPE_CHECKING:
    import openvino
    from torch import nn

__all__ = ["RetinaNetFamily"]


class RetinaNetFamily(NetworkFamily[ResNetDesign]):
    """ResNet-18, 34 or 50 with a pyramid of five levels, strides 8 to 128."""

    name = "retinanet"
    network = "retinanet-resnet-fpn"
    mean_bgr = MEAN_BGR
    anchors = RETINANET_ANCHORS
    backbone = "backbone.body."
    adopts = True
    design_type = ResNetDesign

    def tensor_shapes(self, design: ResNetDesign, anchors: AnchorSettings) -> dict[str, Shape]:
        """Return name and shape of every tensor, in torchvision's order."""
        return dict(list_shapes(design, anchors.count))

    def new_network(self, design: ResNetDesign, anchors: AnchorSettings) -> nn.Module:
        """Return `recorder_core.detect.networks.retinanet._torch.RetinaNet`, untrained."""
        from recorder_core.detect.networks.retinanet._torch import RetinaNet

        return RetinaNet(design, anchors.count)

    def build_graph(
        self,
        tensors: Tensors,
        design: ResNetDesign,
        anchors: AnchorSettings,
    ) -> openvino.Model:
        """Describe the network in OpenVINO's operations; see `NetworkFamily.build_graph`."""
        from recorder_core.detect.networks.retinanet._openvino import build_graph

        self.check_tensors(tensors, design, anchors)
        return build_graph(tensors, design)

    def adopt_public(
        self, tensors: dict[str, NDArray[np.float32]]
    ) -> tuple[dict[str, NDArray[np.float32]], dict[str, Any]]:
        """Adopt torchvision's ``retinanet_resnet50_fpn``; see `NetworkFamily.adopt_public`.

        Of the classes of COCO only the person stays, as the start of the face.
        """
        named = adopt_public_names(tensors)
        design = guess_design(named)
        name, boxes = "head.classification_head.cls_logits", "head.regression_head.bbox_reg.bias"
        require_tensors(named, (f"{name}.weight", f"{name}.bias", boxes))
        anchors = named[boxes].shape[0] // 4
        for part in ("weight", "bias"):
            values = named[f"{name}.{part}"]
            if values.shape[0] % anchors:
                raise ModelMismatch(f"{name} has {values.shape[0]} rows for {anchors} anchors")
            by_class = values.reshape(anchors, -1, *values.shape[1:])
            # one class is this program's own, for faces
            person = PERSON if by_class.shape[1] > 1 else 0
            named[f"{name}.{part}"] = np.ascontiguousarray(by_class[:, person])
        return named, design
