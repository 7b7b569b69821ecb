"""RetinaFace with a quarter-width MobileNet: which tensors it has, and how to build it.

The layers themselves are in `recorder_core.detect._retinaface_torch`, imported when
a network is built: importing this module does not import PyTorch.

References
----------
.. [1] J. Deng et al., "RetinaFace: Single-Shot Multi-Level Face Localisation in the
   Wild", CVPR 2020.
.. [2] A. Howard et al., "MobileNets", arXiv 1704.04861.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any, Final

import numpy as np
from numpy.typing import NDArray

from recorder_core.errors import ModelMismatch

if TYPE_CHECKING:
    from recorder_core.detect._retinaface_torch import RetinaFace

__all__ = ["MEAN_BGR", "RETINAFACE", "build_retinaface", "check_tensors", "tensor_shapes"]

#: name of the detector in weights and settings
RETINAFACE: Final = "retinaface-mobilenet-0.25"
#: subtracted from the 0..255 input: the ImageNet mean of Caffe's reference models,
#: as in the published checkpoint
MEAN_BGR: Final = (104.0, 117.0, 123.0)

_Shape = tuple[int, ...]
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


def tensor_shapes() -> dict[str, _Shape]:
    """Return name and shape of every tensor, in the order of the published checkpoint.

    The batch norms' counters of seen batches are left out: nothing reads them.
    """
    return dict(_list_shapes())


def _list_shapes() -> Iterator[tuple[str, _Shape]]:
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


def _conv_bn_shapes(prefix: str, index: int, conv: _Shape) -> Iterator[tuple[str, _Shape]]:
    yield f"{prefix}.{index}.weight", conv
    for name in ("weight", "bias", "running_mean", "running_var"):
        yield f"{prefix}.{index + 1}.{name}", (conv[0],)


def check_tensors(tensors: Mapping[str, NDArray[Any]]) -> None:
    """Check that the tensors are those of this network, each of the right shape.

    Raises
    ------
    ModelMismatch
        Naming the first tensor that is missing, of another shape or type, not finite,
        or not part of the network.
    """
    shapes = tensor_shapes()
    for name, shape in shapes.items():
        if name not in tensors:
            raise ModelMismatch(f"the weights lack tensor {name}; they are not {RETINAFACE}")
        if tensors[name].shape != shape:
            raise ModelMismatch(
                f"tensor {name} has shape {tensors[name].shape}, {RETINAFACE} needs {shape}"
            )
        if tensors[name].dtype != np.float32:
            raise ModelMismatch(f"tensor {name} is {tensors[name].dtype}, it must be float32")
        if not np.isfinite(tensors[name]).all():
            raise ModelMismatch(f"tensor {name} holds values that are not finite numbers")
    for name in tensors:
        if name not in shapes:
            raise ModelMismatch(f"tensor {name} of the weights is not part of {RETINAFACE}")


def build_retinaface(tensors: Mapping[str, NDArray[np.float32]]) -> RetinaFace:
    """Build the network from its tensors, in eval mode.

    Parameters
    ----------
    tensors : mapping of str to ndarray, float32
        As `recorder_core.detect.weights.load_weights` gives them.

    Returns
    -------
    RetinaFace
        A `torch.nn.Module`. Called on (N, 3, H, W) float32 pictures, blue-green-red
        minus `MEAN_BGR`, it returns box offsets (N, P, 4) and face probabilities
        (N, P). Its `predict` returns box offsets, class logits (N, P, 2) and
        landmark offsets (N, P, 10).

    Raises
    ------
    ModelMismatch
        If a tensor is missing, left over or of the wrong shape.
    """
    import torch

    from recorder_core.detect._retinaface_torch import RetinaFace

    check_tensors(tensors)
    network = RetinaFace()
    state = {name: torch.from_numpy(np.array(value)) for name, value in tensors.items()}
    network.load_state_dict(state)
    return network.eval()
