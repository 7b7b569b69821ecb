"""RetinaFace with a quarter-width MobileNet: how it is built, found and made deeper.

Residual blocks begin as no change at all [1]_, so that a trained network can be given more
room to learn in without forgetting anything.

References
----------
.. [1] T. Chen et al., "Net2Net: Accelerating Learning via Knowledge Transfer", ICLR 2016
   (a deeper network that begins as the same function).
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from recorder_core.detect.anchors import PUBLISHED_ANCHORS, AnchorSettings
from recorder_core.detect.networks.family import NetworkFamily, Shape, Tensors
from recorder_core.detect.networks.retinaface.design import RetinaFaceDesign, list_shapes
from recorder_core.errors import SettingsError

if TYPE_CHECKING:
    import openvino
    from torch import nn

__all__ = ["RetinaFaceFamily"]


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
        return dict(list_shapes(design))

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
        """Return `recorder_core.detect.networks.retinaface._torch.RetinaFace`, untrained."""
        from recorder_core.detect.networks.retinaface._torch import RetinaFace

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
    ) -> openvino.Model:
        """Describe the network in OpenVINO's operations; see `NetworkFamily.build_graph`."""
        from recorder_core.detect.networks.retinaface._openvino import build_graph

        self.check_tensors(tensors, design, anchors)
        return build_graph(tensors, design)


def _new_tensor(name: str, shape: Shape, rng: np.random.Generator) -> NDArray[np.float32]:
    """Begin a residual block: batch norms and the last convolution as if it was not there."""
    if len(shape) == 4 and shape[1] == 1:
        bound = 1 / np.sqrt(shape[2] * shape[3])  # PyTorch's default for nine inputs
        return rng.uniform(-bound, bound, shape).astype(np.float32)
    ones = len(shape) == 1 and name.endswith((".weight", ".running_var"))
    return np.full(shape, float(ones), np.float32)
