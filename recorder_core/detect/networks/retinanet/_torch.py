"""The layers of RetinaNet; imported only when a network is built.

Attribute names are torchvision's, so that its public weights load as they are.
"""

from __future__ import annotations

import math

import torch
from torch import Tensor, nn
from torch.nn import functional

from recorder_core.detect.networks.layers._torch import by_place
from recorder_core.detect.networks.resnet._torch import FeaturePyramid, ResNet
from recorder_core.detect.networks.resnet.design import ResNetDesign
from recorder_core.detect.networks.retinanet.design import FIRST_LAYER, HEAD_CONVOLUTIONS

__all__ = ["RetinaNet"]

#: face probability that an untrained network gives, so that the many places without a
#: face do not drown the others in the first steps (ICCV 2017, section 3.3)
_FIRST_PROBABILITY = 0.01


class _Extra(nn.Module):
    """Two levels above the pyramid."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.p6 = nn.Conv2d(width, width, 3, 2, 1)
        self.p7 = nn.Conv2d(width, width, 3, 2, 1)
        for convolution in (self.p6, self.p7):
            nn.init.kaiming_uniform_(convolution.weight, a=1)
            nn.init.zeros_(convolution.bias)  # type: ignore[arg-type]

    def forward(self, coarsest: Tensor) -> list[Tensor]:
        sixth = self.p6(coarsest)
        return [sixth, self.p7(functional.relu(sixth))]


class _Pyramid(FeaturePyramid):
    def __init__(self, channels: tuple[int, ...], width: int) -> None:
        super().__init__(channels, width)
        self.extra_blocks = _Extra(width)

    def forward(self, ends: list[Tensor]) -> list[Tensor]:
        levels = super().forward(ends)
        return [*levels, *self.extra_blocks(levels[-1])]


class _Backbone(nn.Module):
    def __init__(self, design: ResNetDesign) -> None:
        super().__init__()
        self.body = ResNet(design)
        self.fpn = _Pyramid(design.channels[FIRST_LAYER - 1 :], design.pyramid)

    def forward(self, pictures: Tensor) -> list[Tensor]:
        levels: list[Tensor] = self.fpn(self.body(pictures)[FIRST_LAYER - 1 :])
        return levels


class _Head(nn.Module):
    """Four convolutions and a last one, the same for every level."""

    def __init__(self, width: int, last: str, outputs: int) -> None:
        super().__init__()
        self.conv = nn.Sequential(
            *(
                nn.Sequential(nn.Conv2d(width, width, 3, 1, 1), nn.ReLU(inplace=True))
                for _ in range(HEAD_CONVOLUTIONS)
            )
        )
        self.last = last
        self.add_module(last, nn.Conv2d(width, outputs, 3, 1, 1))
        for name, module in self.named_modules():
            if isinstance(module, nn.Conv2d):
                # as published for the last; inner ones keep the size of what goes through,
                # so that narrow networks learn too
                if name == last:
                    nn.init.normal_(module.weight, std=0.01)
                else:
                    nn.init.kaiming_normal_(module.weight, nonlinearity="relu")
                nn.init.zeros_(module.bias)  # type: ignore[arg-type]

    def forward(self, levels: list[Tensor], values: int) -> Tensor:
        last = self.get_submodule(self.last)
        return torch.cat([by_place(last(self.conv(level)), values) for level in levels], dim=1)


class _Heads(nn.Module):
    def __init__(self, width: int, anchors: int) -> None:
        super().__init__()
        self.classification_head = _Head(width, "cls_logits", anchors)
        self.regression_head = _Head(width, "bbox_reg", anchors * 4)
        first = self.classification_head.get_parameter("cls_logits.bias")
        nn.init.constant_(first, -math.log(1 / _FIRST_PROBABILITY - 1))


class RetinaNet(nn.Module):
    """RetinaNet for one class, the face.

    Called on pictures (N, 3, H, W), float32, blue-green-red minus the mean, it
    returns box offsets (N, P, 4) and face probabilities (N, P); `predict` gives the
    logits of the latter.
    """

    def __init__(self, design: ResNetDesign, anchors: int) -> None:
        super().__init__()
        self.backbone = _Backbone(design)
        self.head = _Heads(design.pyramid, anchors)

    def predict(self, pictures: Tensor) -> tuple[Tensor, Tensor]:
        """Return box offsets (N, P, 4) and the log-odds of a face (N, P)."""
        levels = self.backbone(pictures)
        margins = self.head.classification_head(levels, 1)[..., 0]
        return self.head.regression_head(levels, 4), margins

    def forward(self, pictures: Tensor) -> tuple[Tensor, Tensor]:
        offsets, margins = self.predict(pictures)
        return offsets, torch.sigmoid(margins)
