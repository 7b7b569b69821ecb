"""ResNet with a feature pyramid: its sizes, and which tensors it has.

Names and shapes of tensors are torchvision's, so that its public weights load as they
are. No code of it is used, and it is not needed.

References
----------
.. [1] K. He et al., "Deep Residual Learning for Image Recognition", CVPR 2016.
.. [2] T.-Y. Lin et al., "Feature Pyramid Networks for Object Detection", CVPR 2017.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from recorder_core.detect.networks.family import Shape
from recorder_core.errors import SettingsError

__all__ = [
    "BLOCKS",
    "BOTTLENECK_DEPTH",
    "MEAN_BGR",
    "SCALE_BGR",
    "ResNetDesign",
    "body_shapes",
    "pyramid_shapes",
]

#: mean and standard deviation of ImageNet's colours that torchvision's weights expect,
#: on a scale of 0..255
MEAN_BGR: Final = (0.406 * 255, 0.456 * 255, 0.485 * 255)
SCALE_BGR: Final = (0.225 * 255, 0.224 * 255, 0.229 * 255)
#: residual blocks of the four layers, by depth [1]_ (table 1)
BLOCKS: Final = {18: (2, 2, 2, 2), 34: (3, 4, 6, 3), 50: (3, 4, 6, 3)}
#: the depth from which blocks have a narrow middle, and how much wider they end
BOTTLENECK_DEPTH: Final = 50
_EXPANSION: Final = 4


@dataclass(frozen=True, slots=True)
class ResNetDesign:
    """Sizes of a ResNet with a feature pyramid; the defaults are torchvision's."""

    #: 18, 34 or 50
    depth: int = 50
    #: channels of the first layer; every further one has twice as many
    width: int = 64
    #: channels of every level of the pyramid
    pyramid: int = 256

    def __post_init__(self) -> None:
        if self.depth not in BLOCKS:
            raise SettingsError(
                f"there is no ResNet of depth {self.depth}; choose {', '.join(map(str, BLOCKS))}"
            )
        if any(type(v) is not int or v < 1 for v in (self.width, self.pyramid)):
            raise SettingsError("width and pyramid must be whole numbers from 1")

    @property
    def has_bottlenecks(self) -> bool:
        """Whether blocks are 1x1, 3x3, 1x1 convolutions; otherwise they are two 3x3."""
        return self.depth >= BOTTLENECK_DEPTH

    @property
    def channels(self) -> tuple[int, int, int, int]:
        """Channels at the ends of the four layers, strides 4, 8, 16 and 32."""
        first = self.width * (_EXPANSION if self.has_bottlenecks else 1)
        return first, 2 * first, 4 * first, 8 * first


def body_shapes(prefix: str, design: ResNetDesign) -> Iterator[tuple[str, Shape]]:
    """Yield name and shape of the body's tensors, in torchvision's order."""
    yield f"{prefix}conv1.weight", (design.width, 3, 7, 7)
    yield from _norm(f"{prefix}bn1", design.width)
    inputs = design.width
    for layer, (count, outputs) in enumerate(
        zip(BLOCKS[design.depth], design.channels, strict=True), 1
    ):
        for block in range(count):
            name = f"{prefix}layer{layer}.{block}"
            yield from _block(name, inputs, outputs, layer, design)
            if block == 0 and (layer > 1 or inputs != outputs):
                yield f"{name}.downsample.0.weight", (outputs, inputs, 1, 1)
                yield from _norm(f"{name}.downsample.1", outputs)
            inputs = outputs


def _block(
    name: str, inputs: int, outputs: int, layer: int, design: ResNetDesign
) -> Iterator[tuple[str, Shape]]:
    middle = design.width * 2 ** (layer - 1)
    convolutions = [(middle, inputs, 3), (outputs, middle, 3)]
    if design.has_bottlenecks:
        convolutions = [(middle, inputs, 1), (middle, middle, 3), (outputs, middle, 1)]
    for number, (made, taken, kernel) in enumerate(convolutions, 1):
        yield f"{name}.conv{number}.weight", (made, taken, kernel, kernel)
        yield from _norm(f"{name}.bn{number}", made)


def _norm(name: str, channels: int) -> Iterator[tuple[str, Shape]]:
    for part in ("weight", "bias", "running_mean", "running_var"):
        yield f"{name}.{part}", (channels,)


def pyramid_shapes(
    prefix: str, channels: tuple[int, ...], pyramid: int
) -> Iterator[tuple[str, Shape]]:
    """Yield name and shape of the pyramid's tensors: levels of the body, then of the pyramid."""
    for part, kernel in (("inner_blocks", 1), ("layer_blocks", 3)):
        for level, inputs in enumerate(channels):
            taken = inputs if kernel == 1 else pyramid
            yield f"{prefix}{part}.{level}.0.weight", (pyramid, taken, kernel, kernel)
            yield f"{prefix}{part}.{level}.0.bias", (pyramid,)
