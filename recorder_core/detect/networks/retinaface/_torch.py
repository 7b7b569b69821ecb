"""The layers of RetinaFace-MobileNet-0.25; imported only when a network is built.

Attribute names are those of the published checkpoint, so that its tensors load as
they are; that is why some break the naming rules.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional

from recorder_core.detect.networks.layers._torch import by_place
from recorder_core.detect.networks.retinaface.design import STAGE_CHANNELS, RetinaFaceDesign

__all__ = ["RetinaFace"]

#: slope of the leaky rectifier below zero, in the backbone, the pyramid and the context module
LEAK = 0.1
#: channels of every pyramid level
PYRAMID_CHANNELS = 64
#: anchors at each place of a feature map
ANCHORS_PER_CELL = 2


def _conv_bn(inputs: int, outputs: int, kernel: int, stride: int, *, leaky: bool) -> nn.Sequential:
    layers: list[nn.Module] = [
        nn.Conv2d(inputs, outputs, kernel, stride, kernel // 2, bias=False),
        nn.BatchNorm2d(outputs),
    ]
    if leaky:
        layers.append(nn.LeakyReLU(LEAK, inplace=True))
    return nn.Sequential(*layers)


def _conv_depthwise(inputs: int, outputs: int, stride: int) -> nn.Sequential:
    return nn.Sequential(
        nn.Conv2d(inputs, inputs, 3, stride, 1, groups=inputs, bias=False),
        nn.BatchNorm2d(inputs),
        nn.LeakyReLU(LEAK, inplace=True),
        nn.Conv2d(inputs, outputs, 1, bias=False),
        nn.BatchNorm2d(outputs),
        nn.LeakyReLU(LEAK, inplace=True),
    )


class _Residual(nn.Module):
    """A depth-wise separable change, added to what comes in."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        # without the last rectifier: what is added may be negative
        self.branch = _conv_depthwise(channels, channels, 1)[:-1]

    def forward(self, features: Tensor) -> Tensor:
        changed: Tensor = features + self.branch(features)
        return changed


def _residuals(channels: int, count: int) -> nn.Sequential:
    return nn.Sequential(*(_Residual(channels) for _ in range(count)))


class _Backbone(nn.Module):
    """MobileNet V1 with a quarter of the channels, cut after strides 8, 16 and 32."""

    def __init__(self) -> None:
        super().__init__()
        self.stage1 = nn.Sequential(
            _conv_bn(3, 8, 3, 2, leaky=True),
            _conv_depthwise(8, 16, 1),
            _conv_depthwise(16, 32, 2),
            _conv_depthwise(32, 32, 1),
            _conv_depthwise(32, 64, 2),
            _conv_depthwise(64, 64, 1),
        )
        self.stage2 = nn.Sequential(
            _conv_depthwise(64, 128, 2), *(_conv_depthwise(128, 128, 1) for _ in range(5))
        )
        self.stage3 = nn.Sequential(_conv_depthwise(128, 256, 2), _conv_depthwise(256, 256, 1))


class _Pyramid(nn.Module):
    """Feature pyramid: coarse levels are enlarged and added to finer ones."""

    def __init__(self) -> None:
        super().__init__()
        self.output1 = _conv_bn(64, PYRAMID_CHANNELS, 1, 1, leaky=True)
        self.output2 = _conv_bn(128, PYRAMID_CHANNELS, 1, 1, leaky=True)
        self.output3 = _conv_bn(256, PYRAMID_CHANNELS, 1, 1, leaky=True)
        self.merge1 = _conv_bn(PYRAMID_CHANNELS, PYRAMID_CHANNELS, 3, 1, leaky=True)
        self.merge2 = _conv_bn(PYRAMID_CHANNELS, PYRAMID_CHANNELS, 3, 1, leaky=True)

    def forward(self, levels: tuple[Tensor, Tensor, Tensor]) -> tuple[Tensor, Tensor, Tensor]:
        fine, middle, coarse = (
            self.output1(levels[0]),
            self.output2(levels[1]),
            self.output3(levels[2]),
        )
        middle = self.merge2(middle + functional.interpolate(coarse, size=middle.shape[2:]))
        fine = self.merge1(fine + functional.interpolate(middle, size=fine.shape[2:]))
        return fine, middle, coarse


class _Context(nn.Module):
    """Context module: views of 3x3, 5x5 and 7x7 places, side by side."""

    def __init__(self) -> None:
        super().__init__()
        half, quarter = PYRAMID_CHANNELS // 2, PYRAMID_CHANNELS // 4
        self.conv3X3 = _conv_bn(PYRAMID_CHANNELS, half, 3, 1, leaky=False)
        self.conv5X5_1 = _conv_bn(PYRAMID_CHANNELS, quarter, 3, 1, leaky=True)
        self.conv5X5_2 = _conv_bn(quarter, quarter, 3, 1, leaky=False)
        self.conv7X7_2 = _conv_bn(quarter, quarter, 3, 1, leaky=True)
        self.conv7x7_3 = _conv_bn(quarter, quarter, 3, 1, leaky=False)

    def forward(self, features: Tensor) -> Tensor:
        shared = self.conv5X5_1(features)
        views = [
            self.conv3X3(features),
            self.conv5X5_2(shared),
            self.conv7x7_3(self.conv7X7_2(shared)),
        ]
        return functional.relu(torch.cat(views, dim=1))


class _Head(nn.Module):
    """One 1x1 convolution; its channels become one row for each anchor."""

    def __init__(self, values: int) -> None:
        super().__init__()
        self.values = values
        self.conv1x1 = nn.Conv2d(PYRAMID_CHANNELS, ANCHORS_PER_CELL * values, 1)

    def forward(self, features: Tensor) -> Tensor:
        return by_place(self.conv1x1(features), self.values)


class RetinaFace(nn.Module):
    """RetinaFace-MobileNet-0.25.

    Called on pictures (N, 3, H, W), float32, blue-green-red minus the mean, it
    returns box offsets (N, P, 4) and face probabilities (N, P); `predict` gives
    the class logits and the landmark offsets too.
    """

    def __init__(self, design: RetinaFaceDesign) -> None:
        super().__init__()
        self.body = _Backbone()
        self.fpn = _Pyramid()
        self.ssh1, self.ssh2, self.ssh3 = _Context(), _Context(), _Context()
        self.ClassHead = nn.ModuleList(_Head(2) for _ in range(3))
        self.BboxHead = nn.ModuleList(_Head(4) for _ in range(3))
        self.LandmarkHead = nn.ModuleList(_Head(10) for _ in range(3))
        self.deeper1, self.deeper2, self.deeper3 = (
            _residuals(channels, blocks)
            for channels, blocks in zip(STAGE_CHANNELS, design.stage_blocks, strict=True)
        )
        self.finer1, self.finer2, self.finer3 = (
            _residuals(PYRAMID_CHANNELS, blocks) for blocks in design.pyramid_blocks
        )

    def features(self, pictures: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """Return the context features of the three levels, (N, 64, h, w) each."""
        stride8 = self.deeper1(self.body.stage1(pictures))
        stride16 = self.deeper2(self.body.stage2(stride8))
        stride32 = self.deeper3(self.body.stage3(stride16))
        fine, middle, coarse = self.fpn((stride8, stride16, stride32))
        return (
            self.ssh1(self.finer1(fine)),
            self.ssh2(self.finer2(middle)),
            self.ssh3(self.finer3(coarse)),
        )

    def predict(self, pictures: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """Return box offsets (N, P, 4), class logits (N, P, 2), landmark offsets (N, P, 10)."""
        levels = self.features(pictures)
        return (
            _gather(self.BboxHead, levels),
            _gather(self.ClassHead, levels),
            _gather(self.LandmarkHead, levels),
        )

    def forward(self, pictures: Tensor) -> tuple[Tensor, Tensor]:
        levels = self.features(pictures)
        logits = _gather(self.ClassHead, levels)
        return _gather(self.BboxHead, levels), torch.softmax(logits, dim=-1)[..., 1]


def _gather(heads: nn.ModuleList, levels: tuple[Tensor, Tensor, Tensor]) -> Tensor:
    return torch.cat([head(level) for head, level in zip(heads, levels, strict=True)], dim=1)
