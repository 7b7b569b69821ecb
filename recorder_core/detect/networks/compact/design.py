"""A compact detector: a narrow residual backbone of standard convolutions, one anchor a place.

Processors calculate standard convolutions several times faster per operation than
depth-wise ones, so at the cost of a depth-wise network this one can do more. Each
place of the strides 8, 16 and 32 says how well a face is framed by the box that it
gives: one score, no separate objectness score.

References
----------
.. [1] K. He et al., "Deep Residual Learning", CVPR 2016 (the blocks).
.. [2] S. Liu et al., "Path Aggregation Network", CVPR 2018 (the pyramid and its way back).
.. [3] J. Guo et al., "Sample and Computation Redistribution for Efficient Face
   Detection", ICLR 2022 (standard convolutions for small faces).
.. [4] C. Lyu et al., "RTMDet", arXiv 2212.07784, section 3.2 (heads that share their
   convolutions over the levels and keep a batch norm for each).
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from recorder_core.detect.anchors import AnchorSettings
from recorder_core.detect.networks.family import Shape
from recorder_core.errors import SettingsError

__all__ = ["COMPACT_ANCHORS", "LEVELS", "CompactDesign", "list_shapes"]

#: strides 8, 16 and 32
LEVELS: Final = 3
#: one square anchor a place, as large as the place; offsets count in places
COMPACT_ANCHORS: Final = AnchorSettings(((8,), (16,), (32,)), (8, 16, 32), (1.0, 1.0))


@dataclass(frozen=True, slots=True)
class CompactDesign:
    """Widths and depths; the defaults cost less than RetinaFace-MobileNet-0.25."""

    #: channels at strides 2 and 4
    stem: tuple[int, int] = (16, 16)
    #: channels at strides 8, 16 and 32
    channels: tuple[int, int, int] = (32, 64, 64)
    #: residual blocks at strides 8, 16 and 32
    blocks: tuple[int, int, int] = (1, 1, 2)
    #: channels of every pyramid level and of the heads
    pyramid: int = 32
    #: convolutions of the heads before the last
    head_convolutions: int = 1

    def __post_init__(self) -> None:
        lengths = (len(self.stem), len(self.channels), len(self.blocks))
        if lengths != (2, LEVELS, LEVELS):
            raise SettingsError(
                "the compact detector has 2 stem channels, 3 channels and 3 numbers of blocks, "
                f"not {lengths}"
            )
        counts = (*self.stem, *self.channels, self.pyramid, *self.blocks, self.head_convolutions)
        if any(type(v) is not int for v in counts) or min(counts) < 0 or min(counts[:6]) < 1:
            raise SettingsError("channels must be whole numbers from 1, blocks from 0")


def list_shapes(design: CompactDesign) -> Iterator[tuple[str, Shape]]:
    """Yield name and shape of every tensor, in the order of the network."""
    yield from _conv_norm("stem.0", 3, design.stem[0], 3)
    yield from _conv_norm("stem.1", design.stem[0], design.stem[1], 3)
    inputs = design.stem[1]
    for level, (channels, blocks) in enumerate(zip(design.channels, design.blocks, strict=True)):
        yield from _conv_norm(f"stages.{level}.0", inputs, channels, 3)
        for block in range(1, blocks + 1):
            for part in ("first", "second"):
                yield from _conv_norm(f"stages.{level}.{block}.{part}", channels, channels, 3)
        inputs = channels
    width = design.pyramid
    for level, channels in enumerate(design.channels):
        yield from _conv_norm(f"lateral.{level}", channels, width, 1)
    for part in ("merge", "down", "back"):
        for level in range(LEVELS - 1):
            yield from _conv_norm(f"{part}.{level}", width, width, 3)
    yield from _head_shapes(design)


def _head_shapes(design: CompactDesign) -> Iterator[tuple[str, Shape]]:
    width = design.pyramid
    for index in range(design.head_convolutions):
        yield f"head.convolutions.{index}.weight", (width, width, 3, 3)
    for index in range(design.head_convolutions):
        for level in range(LEVELS):
            yield from _norm(f"head.norms.{index}.{level}", width)
    for name, values in (("box", 4), ("face", 1)):
        yield f"head.{name}.weight", (values, width, 1, 1)
        yield f"head.{name}.bias", (values,)


def _conv_norm(name: str, inputs: int, outputs: int, kernel: int) -> Iterator[tuple[str, Shape]]:
    yield f"{name}.0.weight", (outputs, inputs, kernel, kernel)
    yield from _norm(f"{name}.1", outputs)


def _norm(name: str, channels: int) -> Iterator[tuple[str, Shape]]:
    for part in ("weight", "bias", "running_mean", "running_var"):
        yield f"{name}.{part}", (channels,)
