"""RetinaNet: a ResNet with a feature pyramid, and one dense head that learns by focal loss.

References
----------
.. [1] T.-Y. Lin et al., "Focal Loss for Dense Object Detection", ICCV 2017.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from recorder_core.detect.anchors import AnchorSettings
from recorder_core.detect.networks.family import Shape
from recorder_core.detect.networks.resnet.design import ResNetDesign, body_shapes, pyramid_shapes

__all__ = ["FIRST_LAYER", "HEAD_CONVOLUTIONS", "RETINANET_ANCHORS", "list_shapes"]

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


def list_shapes(design: ResNetDesign, anchors: int) -> Iterator[tuple[str, Shape]]:
    """Yield name and shape of every tensor, in torchvision's order."""
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
