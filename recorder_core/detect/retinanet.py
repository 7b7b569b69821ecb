"""RetinaNet: a ResNet with a feature pyramid, and one dense head that learns by focal loss.

References
----------
.. [1] T.-Y. Lin et al., "Focal Loss for Dense Object Detection", ICCV 2017.
"""

from __future__ import annotations

from collections.abc import Iterator
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
from recorder_core.errors import ModelMismatch

if TYPE_CHECKING:
    import openvino
    from torch import nn

__all__ = ["FIRST_LAYER", "HEAD_CONVOLUTIONS", "RETINANET_ANCHORS", "RetinaNetFamily"]

#: the first layer of the ResNet that the pyramid uses, of stride 8
FIRST_LAYER: Final = 2
#: convolutions of each head before the last [1]_ (section 4)
HEAD_CONVOLUTIONS: Final = 4
#: three sizes and three shapes a place, as published, but half as large: faces are
#: smaller than COCO's objects
RETINANET_ANCHORS: Final = AnchorSettings(
    ((16, 20, 25), (32, 40, 50), (64, 80, 101), (128, 161, 203), (256, 322, 406)),
    (8, 16, 32, 64, 128),
    (1.0, 1.0),
    (0.5, 1.0, 2.0),
    0.0,
    whole_halves=True,
)


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
        return dict(_list_shapes(design, anchors.count))

    def new_network(self, design: ResNetDesign, anchors: AnchorSettings) -> nn.Module:
        """Return `recorder_core.detect._retinanet_torch.RetinaNet`, untrained."""
        from recorder_core.detect._retinanet_torch import RetinaNet

        return RetinaNet(design, anchors.count)

    def build_graph(
        self,
        tensors: Tensors,
        design: ResNetDesign,
        anchors: AnchorSettings,
        size_px: tuple[int, int],
    ) -> openvino.Model:
        """Describe the network in OpenVINO's operations; see `NetworkFamily.build_graph`."""
        from recorder_core.detect._retinanet_openvino import build_graph

        self.check_tensors(tensors, design, anchors)
        return build_graph(tensors, design, size_px)

    def adopt_public(
        self, tensors: dict[str, NDArray[np.float32]]
    ) -> tuple[dict[str, NDArray[np.float32]], dict[str, Any]]:
        """Take over torchvision's ``retinanet_resnet50_fpn``; see `NetworkFamily.adopt_public`.

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


def _list_shapes(design: ResNetDesign, anchors: int) -> Iterator[tuple[str, Shape]]:
    width = design.pyramid
    yield from body_shapes("backbone.body.", design)
    yield from pyramid_shapes("backbone.fpn.", design.channels[FIRST_LAYER - 1 :], width)
    for level in ("p6", "p7"):
        yield from _conv(f"backbone.fpn.extra_blocks.{level}", width, width)
    for head, last, values in (
        ("classification_head", "cls_logits", 1),
        ("regression_head", "bbox_reg", 4),
    ):
        for number in range(HEAD_CONVOLUTIONS):
            yield from _conv(f"head.{head}.conv.{number}.0", width, width)
        yield from _conv(f"head.{head}.{last}", width, anchors * values)


def _conv(name: str, inputs: int, outputs: int) -> Iterator[tuple[str, Shape]]:
    yield f"{name}.weight", (outputs, inputs, 3, 3)
    yield f"{name}.bias", (outputs,)
