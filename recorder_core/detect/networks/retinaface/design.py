"""RetinaFace with a quarter-width MobileNet: its sizes, and which tensors it has.

The published network [1]_ may be made deeper: residual blocks [3]_ after its stages and on
its pyramid levels.

References
----------
.. [1] J. Deng et al., "RetinaFace: Single-Shot Multi-Level Face Localisation in the
   Wild", CVPR 2020.
.. [2] A. Howard et al., "MobileNets", arXiv 1704.04861.
.. [3] K. He et al., "Identity Mappings in Deep Residual Networks", ECCV 2016; depth-wise
   separable here, like the blocks of [2]_.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from recorder_core.detect.networks.family import Shape
from recorder_core.errors import SettingsError

__all__ = ["STAGE_CHANNELS", "RetinaFaceDesign", "list_shapes"]

#: channels at the ends of the three stages, and of every pyramid level
STAGE_CHANNELS: Final = (64, 128, 256)
_PYRAMID_CHANNELS: Final = 64
#: name, inputs, outputs of the depthwise-separable blocks
_BLOCKS: Final = (
    *(
        ("body.stage1", i, *c)
        for i, c in enumerate(((8, 16), (16, 32), (32, 32), (32, 64), (64, 64)), 1)
    ),
    *(("body.stage2", i, *c) for i, c in enumerate(((64, 128), *((128, 128),) * 5))),
    *(("body.stage3", i, *c) for i, c in enumerate(((128, 256), (256, 256)))),
)
#: name, outputs, inputs, kernel of the plain convolutions with batch norm
_CONVOLUTIONS: Final = (
    ("fpn.output1", 64, 64, 1),
    ("fpn.output2", 64, 128, 1),
    ("fpn.output3", 64, 256, 1),
    ("fpn.merge1", 64, 64, 3),
    ("fpn.merge2", 64, 64, 3),
    *(
        (f"ssh{level}.{name}", outputs, inputs, 3)
        for level in (1, 2, 3)
        for name, outputs, inputs in (
            ("conv3X3", 32, 64),
            ("conv5X5_1", 16, 64),
            ("conv5X5_2", 16, 16),
            ("conv7X7_2", 16, 16),
            ("conv7x7_3", 16, 16),
        )
    ),
)
#: name and outputs of the heads, two anchors each
_HEADS: Final = (("ClassHead", 4), ("BboxHead", 8), ("LandmarkHead", 20))


@dataclass(frozen=True, slots=True)
class RetinaFaceDesign:
    """How much deeper than the published network it is; the default is the published one."""

    #: residual blocks after the stages of strides 8, 16 and 32
    stage_blocks: tuple[int, int, int] = (0, 0, 0)
    #: residual blocks on the pyramid levels of strides 8, 16 and 32
    pyramid_blocks: tuple[int, int, int] = (0, 0, 0)

    def __post_init__(self) -> None:
        for counts in (self.stage_blocks, self.pyramid_blocks):
            if len(counts) != 3 or any(type(v) is not int or v < 0 for v in counts):
                raise SettingsError(
                    "stage_blocks and pyramid_blocks of RetinaFace are three whole numbers "
                    f"each, from 0, not {list(counts)}"
                )


def list_shapes(design: RetinaFaceDesign) -> Iterator[tuple[str, Shape]]:
    """Yield name and shape of every tensor, in the order of the published checkpoint."""
    yield from _conv_bn_shapes("body.stage1.0", 0, (8, 3, 3, 3))
    for stage, index, inputs, outputs in _BLOCKS:
        yield from _conv_bn_shapes(f"{stage}.{index}", 0, (inputs, 1, 3, 3))
        yield from _conv_bn_shapes(f"{stage}.{index}", 3, (outputs, inputs, 1, 1))
    for name, outputs, inputs, kernel in _CONVOLUTIONS:
        yield from _conv_bn_shapes(name, 0, (outputs, inputs, kernel, kernel))
    for name, outputs in _HEADS:
        for level in range(3):
            yield f"{name}.{level}.conv1x1.weight", (outputs, 64, 1, 1)
            yield f"{name}.{level}.conv1x1.bias", (outputs,)
    for level, (channels, blocks) in enumerate(
        zip(STAGE_CHANNELS, design.stage_blocks, strict=True), 1
    ):
        yield from _residual_shapes(f"deeper{level}", channels, blocks)
    for level, blocks in enumerate(design.pyramid_blocks, 1):
        yield from _residual_shapes(f"finer{level}", _PYRAMID_CHANNELS, blocks)


def _residual_shapes(prefix: str, channels: int, blocks: int) -> Iterator[tuple[str, Shape]]:
    for index in range(blocks):
        yield from _conv_bn_shapes(f"{prefix}.{index}.branch", 0, (channels, 1, 3, 3))
        yield from _conv_bn_shapes(f"{prefix}.{index}.branch", 3, (channels, channels, 1, 1))


def _conv_bn_shapes(prefix: str, index: int, conv: Shape) -> Iterator[tuple[str, Shape]]:
    yield f"{prefix}.{index}.weight", conv
    for name in ("weight", "bias", "running_mean", "running_var"):
        yield f"{prefix}.{index + 1}.{name}", (conv[0],)
