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
from typing import Final

from recorder_core.detect.anchors import AnchorSettings
from recorder_core.detect.networks.family import Shape
from recorder_core.detect.networks.resnet.design import ResNetDesign, body_shapes, pyramid_shapes
from recorder_core.errors import SettingsError

__all__ = ["CLASSES", "CROP_CELLS", "FASTER_RCNN_ANCHORS", "FasterRcnnDesign", "list_shapes"]

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


def list_shapes(design: FasterRcnnDesign, anchors: int) -> Iterator[tuple[str, Shape]]:
    """Yield name and shape of every tensor, in torchvision's order."""
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
