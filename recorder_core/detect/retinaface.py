"""RetinaFace with a quarter-width MobileNet: which tensors it has, and how to build it.

The published network may be made deeper: residual blocks [3]_ after its stages and on
its pyramid levels begin as no change at all [4]_, so that a trained network can be given more
room to learn in without forgetting anything.

References
----------
.. [1] J. Deng et al., "RetinaFace: Single-Shot Multi-Level Face Localisation in the
   Wild", CVPR 2020.
.. [2] A. Howard et al., "MobileNets", arXiv 1704.04861.
.. [3] K. He et al., "Identity Mappings in Deep Residual Networks", ECCV 2016; depth-wise
   separable here, like the blocks of [2]_.
.. [4] T. Chen et al., "Net2Net: Accelerating Learning via Knowledge Transfer", ICLR 2016
   (a deeper network that begins as the same function).
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

import numpy as np
from numpy.typing import NDArray

from recorder_core.detect.anchors import PUBLISHED_ANCHORS, AnchorSettings
from recorder_core.detect.family import NetworkFamily, Shape, Tensors
from recorder_core.errors import SettingsError

if TYPE_CHECKING:
    import openvino
    from torch import nn

__all__ = ["STAGE_CHANNELS", "RetinaFaceDesign", "RetinaFaceFamily"]

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


class RetinaFaceFamily(NetworkFamily[RetinaFaceDesign]):
    """The published detector: two square anchors on each of the strides 8, 16 and 32."""

    name = "retinaface-mnet025"
    network = "retinaface-mobilenet-0.25"
    #: the ImageNet mean of Caffe's reference models, as in the published checkpoint
    mean_bgr = (104.0, 117.0, 123.0)
    anchors = PUBLISHED_ANCHORS
    backbone = "body."
    folds = True
    shipped = "retinaface_mnet025.safetensors"
    design_type = RetinaFaceDesign

    def tensor_shapes(self, design: RetinaFaceDesign, _anchors: AnchorSettings) -> dict[str, Shape]:
        """Return name and shape of every tensor, in the order of the published checkpoint."""
        return dict(_list_shapes(design))

    def find_design(self, names: Iterable[str]) -> RetinaFaceDesign:
        """Return the design of a network with tensors of these names."""
        blocks = {tuple(name.split(".")[:2]) for name in names}
        counts = Counter(prefix for prefix, *_ in blocks)
        stages, pyramid = (
            (counts[f"{kind}1"], counts[f"{kind}2"], counts[f"{kind}3"])
            for kind in ("deeper", "finer")
        )
        return RetinaFaceDesign(stages, pyramid)

    def new_network(self, design: RetinaFaceDesign, _anchors: AnchorSettings) -> nn.Module:
        """Return `recorder_core.detect._retinaface_torch.RetinaFace`, untrained."""
        from recorder_core.detect._retinaface_torch import RetinaFace

        return RetinaFace(design)

    def grow(
        self, tensors: Tensors, design: RetinaFaceDesign, sizes: Mapping[str, Any], seed: int
    ) -> tuple[dict[str, NDArray[np.float32]], RetinaFaceDesign]:
        """Add residual blocks that change nothing yet; see `NetworkFamily.grow`."""
        wanted = self.read_design({**self.write_design(design), **sizes})
        has = (*design.stage_blocks, *design.pyramid_blocks)
        if any(
            a > b for a, b in zip(has, (*wanted.stage_blocks, *wanted.pyramid_blocks), strict=True)
        ):
            raise SettingsError(
                f"[network] asks for fewer blocks than the {list(has)} of run.start; a network "
                "can only be made deeper"
            )
        rng = np.random.default_rng(seed)
        return {
            name: tensors[name] if name in tensors else _new_tensor(name, shape, rng)
            for name, shape in self.tensor_shapes(wanted, self.anchors).items()
        }, wanted

    def build_graph(
        self,
        tensors: Tensors,
        design: RetinaFaceDesign,
        anchors: AnchorSettings,
        size_px: tuple[int, int],
    ) -> openvino.Model:
        """Describe the network in OpenVINO's operations; see `NetworkFamily.build_graph`."""
        from recorder_core.detect._retinaface_openvino import build_graph

        self.check_tensors(tensors, design, anchors)
        return build_graph(tensors, design, size_px)


def _list_shapes(design: RetinaFaceDesign) -> Iterator[tuple[str, Shape]]:
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


def _new_tensor(name: str, shape: Shape, rng: np.random.Generator) -> NDArray[np.float32]:
    """Begin a residual block: batch norms and the last convolution as if it was not there."""
    if len(shape) == 4 and shape[1] == 1:
        bound = 1 / np.sqrt(shape[2] * shape[3])  # PyTorch's default for nine inputs
        return rng.uniform(-bound, bound, shape).astype(np.float32)
    ones = len(shape) == 1 and name.endswith((".weight", ".running_var"))
    return np.full(shape, float(ones), np.float32)


def _conv_bn_shapes(prefix: str, index: int, conv: Shape) -> Iterator[tuple[str, Shape]]:
    yield f"{prefix}.{index}.weight", conv
    for name in ("weight", "bias", "running_mean", "running_var"):
        yield f"{prefix}.{index + 1}.{name}", (conv[0],)
