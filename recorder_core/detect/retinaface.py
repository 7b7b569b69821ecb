"""RetinaFace with a quarter-width MobileNet: which tensors it has, and how to build it.

References
----------
.. [1] J. Deng et al., "RetinaFace: Single-Shot Multi-Level Face Localisation in the
   Wild", CVPR 2020.
.. [2] A. Howard et al., "MobileNets", arXiv 1704.04861.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Final

from recorder_core.detect.anchors import PUBLISHED_ANCHORS, AnchorSettings
from recorder_core.detect.family import NetworkFamily, NoDesign, Shape, Tensors

if TYPE_CHECKING:
    import openvino
    from torch import nn

__all__ = ["RetinaFaceFamily"]

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


class RetinaFaceFamily(NetworkFamily[NoDesign]):
    """The published detector: two square anchors on each of the strides 8, 16 and 32."""

    name = "retinaface-mnet025"
    network = "retinaface-mobilenet-0.25"
    #: the ImageNet mean of Caffe's reference models, as in the published checkpoint
    mean_bgr = (104.0, 117.0, 123.0)
    anchors = PUBLISHED_ANCHORS
    backbone = "body."
    folds = True
    shipped = "retinaface_mnet025.safetensors"
    design_type = NoDesign

    def tensor_shapes(self, _design: NoDesign, _anchors: AnchorSettings) -> dict[str, Shape]:
        """Return name and shape of every tensor, in the order of the published checkpoint."""
        return dict(_list_shapes())

    def new_network(self, _design: NoDesign, _anchors: AnchorSettings) -> nn.Module:
        """Return `recorder_core.detect._retinaface_torch.RetinaFace`, untrained."""
        from recorder_core.detect._retinaface_torch import RetinaFace

        return RetinaFace()

    def build_graph(
        self, tensors: Tensors, design: NoDesign, anchors: AnchorSettings, size_px: tuple[int, int]
    ) -> openvino.Model:
        """Describe the network in OpenVINO's operations; see `NetworkFamily.build_graph`."""
        from recorder_core.detect._retinaface_openvino import build_graph

        self.check_tensors(tensors, design, anchors)
        return build_graph(tensors, size_px)


def _list_shapes() -> Iterator[tuple[str, Shape]]:
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


def _conv_bn_shapes(prefix: str, index: int, conv: Shape) -> Iterator[tuple[str, Shape]]:
    yield f"{prefix}.{index}.weight", conv
    for name in ("weight", "bias", "running_mean", "running_var"):
        yield f"{prefix}.{index + 1}.{name}", (conv[0],)
