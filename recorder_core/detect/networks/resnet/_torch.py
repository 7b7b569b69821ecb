"""ResNet and feature pyramid in PyTorch; imported only when a network is built.

Attribute names are torchvision's, so that its public weights load as they are.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional

from recorder_core.detect.networks.resnet.design import BLOCKS, SCALE_BGR, ResNetDesign

__all__ = ["FeaturePyramid", "ResNet"]


class _Block(nn.Module):
    """Two 3x3 convolutions, or a 3x3 between two 1x1, added to what came in."""

    def __init__(self, inputs: int, middle: int, outputs: int, stride: int, narrow: bool) -> None:
        super().__init__()
        plan = [(inputs, middle, 3, stride), (middle, outputs, 3, 1)]
        if narrow:
            plan = [(inputs, middle, 1, 1), (middle, middle, 3, stride), (middle, outputs, 1, 1)]
        self.count = len(plan)
        for number, (taken, made, kernel, step) in enumerate(plan, 1):
            convolution = nn.Conv2d(taken, made, kernel, step, kernel // 2, bias=False)
            nn.init.kaiming_normal_(convolution.weight, mode="fan_out", nonlinearity="relu")
            self.add_module(f"conv{number}", convolution)
            self.add_module(f"bn{number}", nn.BatchNorm2d(made))
        self.downsample: nn.Sequential | None = None
        if stride != 1 or inputs != outputs:
            shortcut = nn.Conv2d(inputs, outputs, 1, stride, bias=False)
            self.downsample = nn.Sequential(shortcut, nn.BatchNorm2d(outputs))

    def forward(self, features: Tensor) -> Tensor:
        change = features
        for number in range(1, self.count + 1):
            change = self.get_submodule(f"conv{number}")(change)
            change = self.get_submodule(f"bn{number}")(change)
            if number < self.count:
                change = functional.relu(change)
        kept = features if self.downsample is None else self.downsample(features)
        return functional.relu(kept + change)


class ResNet(nn.Module):
    """The four layers of a ResNet, for pictures in blue, green, red minus the mean."""

    def __init__(self, design: ResNetDesign) -> None:
        super().__init__()
        self.conv1 = nn.Conv2d(3, design.width, 7, 2, 3, bias=False)
        nn.init.kaiming_normal_(self.conv1.weight, mode="fan_out", nonlinearity="relu")
        self.bn1 = nn.BatchNorm2d(design.width)
        inputs = design.width
        for layer, (count, outputs) in enumerate(
            zip(BLOCKS[design.depth], design.channels, strict=True), 1
        ):
            blocks = []
            for block in range(count):
                stride = 2 if layer > 1 and block == 0 else 1
                middle = design.width * 2 ** (layer - 1)
                blocks.append(_Block(inputs, middle, outputs, stride, design.has_bottlenecks))
                inputs = outputs
            self.add_module(f"layer{layer}", nn.Sequential(*blocks))
        self.register_buffer("scale", torch.tensor(SCALE_BGR).reshape(1, 3, 1, 1), persistent=False)

    def forward(self, pictures: Tensor) -> list[Tensor]:
        """Return the features at strides 4, 8, 16 and 32."""
        # the published weights look at red, green, blue
        normalised = (pictures / self.get_buffer("scale")).flip(1)
        node = functional.relu(self.bn1(self.conv1(normalised)))
        node, ends = functional.max_pool2d(node, 3, 2, 1), []
        for layer in range(1, 5):
            node = self.get_submodule(f"layer{layer}")(node)
            ends.append(node)
        return ends


class FeaturePyramid(nn.Module):
    """Coarse levels are enlarged and added to finer ones; each is smoothed."""

    def __init__(self, channels: tuple[int, ...], width: int) -> None:
        super().__init__()
        self.inner_blocks = nn.ModuleList(
            nn.Sequential(nn.Conv2d(inputs, width, 1)) for inputs in channels
        )
        self.layer_blocks = nn.ModuleList(
            nn.Sequential(nn.Conv2d(width, width, 3, 1, 1)) for _ in channels
        )
        for module in self.modules():
            if isinstance(module, nn.Conv2d):
                nn.init.kaiming_uniform_(module.weight, a=1)
                nn.init.zeros_(module.bias)  # type: ignore[arg-type]

    def forward(self, ends: list[Tensor]) -> list[Tensor]:
        """Return one level for each end, finest first."""
        above: Tensor | None = None
        levels: list[Tensor] = []
        for level in reversed(range(len(ends))):
            inner: Tensor = self.inner_blocks[level](ends[level])
            if above is not None:
                inner = inner + functional.interpolate(above, size=inner.shape[2:])
            above = inner
            levels.insert(0, self.layer_blocks[level](inner))
        return levels
