"""The layers of the compact detector; imported only when a network is built."""

from __future__ import annotations

import math

import torch
from torch import Tensor, nn
from torch.nn import functional

from recorder_core.detect.networks.compact.design import LEVELS, CompactDesign
from recorder_core.detect.networks.layers._torch import by_place

__all__ = ["Compact"]

#: face probability that an untrained network gives: few places show a face
_FIRST_PROBABILITY = 0.01


def _conv_norm(inputs: int, outputs: int, kernel: int = 3, stride: int = 1) -> nn.Sequential:
    return nn.Sequential(
        nn.Conv2d(inputs, outputs, kernel, stride, kernel // 2, bias=False),
        nn.BatchNorm2d(outputs),
        nn.ReLU(inplace=True),
    )


class _Residual(nn.Module):
    """Two convolutions whose result is added to what came in."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.first = _conv_norm(channels, channels)
        self.second = _conv_norm(channels, channels)[:2]

    def forward(self, features: Tensor) -> Tensor:
        return functional.relu(features + self.second(self.first(features)))


class _Head(nn.Module):
    """Convolutions that the levels share; each level has its own batch norms."""

    def __init__(self, width: int, convolutions: int) -> None:
        super().__init__()
        self.convolutions = nn.ModuleList(
            nn.Conv2d(width, width, 3, 1, 1, bias=False) for _ in range(convolutions)
        )
        self.norms = nn.ModuleList(
            nn.ModuleList(nn.BatchNorm2d(width) for _ in range(LEVELS)) for _ in range(convolutions)
        )
        self.box = nn.Conv2d(width, 4, 1)
        self.face = nn.Conv2d(width, 1, 1)
        for last in (self.box, self.face):
            nn.init.normal_(last.weight, std=0.01)
            nn.init.zeros_(last.bias)  # type: ignore[arg-type]
        nn.init.constant_(self.face.bias, -math.log(1 / _FIRST_PROBABILITY - 1))  # type: ignore[arg-type]

    def forward(self, features: Tensor, level: int) -> tuple[Tensor, Tensor]:
        for convolution, norms in zip(self.convolutions, self.norms, strict=True):
            features = functional.relu(norms[level](convolution(features)))  # type: ignore[index]
        return by_place(self.box(features), 4), by_place(self.face(features), 1)


class Compact(nn.Module):
    """The compact detector.

    Called on pictures (N, 3, H, W), float32, blue-green-red minus the mean, it
    returns box offsets (N, P, 4) and face probabilities (N, P); `predict` gives the
    logits of the latter.
    """

    def __init__(self, design: CompactDesign) -> None:
        super().__init__()
        self.stem = nn.Sequential(
            _conv_norm(3, design.stem[0], stride=2), _conv_norm(*design.stem, stride=2)
        )
        ends = (design.stem[1], *design.channels)
        self.stages = nn.ModuleList(
            nn.Sequential(
                _conv_norm(ends[level], channels, stride=2),
                *(_Residual(channels) for _ in range(design.blocks[level])),
            )
            for level, channels in enumerate(design.channels)
        )
        width = design.pyramid
        self.lateral = nn.ModuleList(_conv_norm(c, width, 1) for c in design.channels)
        self.merge = nn.ModuleList(_conv_norm(width, width) for _ in range(LEVELS - 1))
        self.down = nn.ModuleList(_conv_norm(width, width, stride=2) for _ in range(LEVELS - 1))
        self.back = nn.ModuleList(_conv_norm(width, width) for _ in range(LEVELS - 1))
        self.head = _Head(width, design.head_convolutions)

    def features(self, pictures: Tensor) -> list[Tensor]:
        """Return the pyramid's levels at strides 8, 16 and 32, (N, pyramid, h, w) each."""
        node, levels = self.stem(pictures), []
        for stage, lateral in zip(self.stages, self.lateral, strict=True):
            node = stage(node)
            levels.append(lateral(node))
        for level in reversed(range(LEVELS - 1)):
            coarse = functional.interpolate(levels[level + 1], size=levels[level].shape[2:])
            levels[level] = self.merge[level](levels[level] + coarse)
        for level in range(LEVELS - 1):
            fine = self.down[level](levels[level])
            levels[level + 1] = self.back[level](levels[level + 1] + fine)
        return levels

    def predict(self, pictures: Tensor) -> tuple[Tensor, Tensor]:
        """Return box offsets (N, P, 4) and the log-odds of a face (N, P)."""
        found = [self.head(node, level) for level, node in enumerate(self.features(pictures))]
        boxes, faces = zip(*found, strict=True)
        return torch.cat(boxes, dim=1), torch.cat(faces, dim=1)[..., 0]

    def forward(self, pictures: Tensor) -> tuple[Tensor, Tensor]:
        offsets, margins = self.predict(pictures)
        return offsets, torch.sigmoid(margins)
