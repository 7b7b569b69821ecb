"""ResNet with a feature pyramid: sizes, tensors, and how torchvision's weights fit.

Names and shapes of tensors are torchvision's, so that its public weights load as they
are. No code of it is used, and it is not needed.

References
----------
.. [1] K. He et al., "Deep Residual Learning for Image Recognition", CVPR 2016.
.. [2] T.-Y. Lin et al., "Feature Pyramid Networks for Object Detection", CVPR 2017.
"""

from __future__ import annotations

from collections.abc import Container, Iterable, Iterator
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from recorder_core.detect.family import Shape
from recorder_core.errors import ModelMismatch, SettingsError

__all__ = [
    "BATCH_NORM_EPSILON",
    "BLOCKS",
    "MEAN_BGR",
    "PERSON",
    "SCALE_BGR",
    "ResNetDesign",
    "adopt_public_names",
    "body_shapes",
    "guess_design",
    "pyramid_shapes",
    "require_tensors",
]

#: mean and standard deviation of ImageNet's colours that torchvision's weights expect,
#: on a scale of 0..255
MEAN_BGR: Final = (0.406 * 255, 0.456 * 255, 0.485 * 255)
SCALE_BGR: Final = (0.225 * 255, 0.224 * 255, 0.229 * 255)
#: residual blocks of the four layers, by depth [1]_ (table 1)
BLOCKS: Final = {18: (2, 2, 2, 2), 34: (3, 4, 6, 3), 50: (3, 4, 6, 3)}
#: the depth from which blocks have a narrow middle, and how much wider they end
_BOTTLENECK_DEPTH: Final = 50
_EXPANSION: Final = 4
#: added to variances by batch norms: PyTorch's default
BATCH_NORM_EPSILON: Final = 1e-5
#: COCO's number of the class "person" in torchvision's weights, where 0 is background
PERSON: Final = 1


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
        return self.depth >= _BOTTLENECK_DEPTH

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


def adopt_public_names(tensors: dict[str, NDArray[np.float32]]) -> dict[str, NDArray[np.float32]]:
    """Return the tensors of a public torchvision detector under today's names.

    Files of 2019 to 2021 call convolutions by older names (``inner_blocks.0.weight``).
    They were also trained with batch norms that add nothing to the variance: that is
    written into the variances here, so that the network computes the same.
    """
    renamed = {_today(name): value for name, value in tensors.items()}
    return {
        name: np.asarray(value - np.float32(BATCH_NORM_EPSILON), np.float32)
        if name.endswith(".running_var")
        else value
        for name, value in renamed.items()
    }


def _today(name: str) -> str:
    parts = name.split(".")
    if "inner_blocks" in parts or "layer_blocks" in parts:
        return name if len(parts) == 6 else f"{'.'.join(parts[:-1])}.0.{parts[-1]}"
    if name.startswith("rpn.head.conv.") and len(parts) == 4:
        return f"rpn.head.conv.0.0.{parts[-1]}"
    if "_head.conv." in name and len(parts) == 5:
        # a convolution and a rectifier each had a number of its own
        return f"{'.'.join(parts[:3])}.{int(parts[3]) // 2}.0.{parts[4]}"
    return name


def require_tensors(tensors: Container[str], names: Iterable[str]) -> None:
    """Check that weights have some tensors.

    Raises
    ------
    ModelMismatch
        Naming the first that is missing.
    """
    for name in names:
        if name not in tensors:
            raise ModelMismatch(f"the weights lack tensor {name}")


def guess_design(tensors: dict[str, NDArray[np.float32]]) -> dict[str, Any]:
    """Return depth, width and pyramid of a public torchvision detector.

    Raises
    ------
    ModelMismatch
        If the tensors are not those of a ResNet with a feature pyramid.
    """
    first, smooth = "backbone.body.conv1.weight", "backbone.fpn.layer_blocks.0.0.weight"
    require_tensors(tensors, (first, smooth))
    width, pyramid = tensors[first].shape[0], tensors[smooth].shape[0]
    blocks = tuple(
        len({n.split(".")[3] for n in tensors if n.startswith(f"backbone.body.layer{layer}.")})
        for layer in range(1, 5)
    )
    narrow = "backbone.body.layer1.0.conv3.weight" in tensors
    for depth, known in BLOCKS.items():
        if known == blocks and narrow == (depth >= _BOTTLENECK_DEPTH):
            return {"depth": depth, "width": width, "pyramid": pyramid}
    raise ModelMismatch(f"a ResNet with {blocks} blocks is none of {', '.join(map(str, BLOCKS))}")
