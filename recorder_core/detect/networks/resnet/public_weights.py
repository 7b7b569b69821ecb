"""How the weights of torchvision's public detectors fit a ResNet with a feature pyramid.

No code of torchvision is used, and it is not needed.
"""

from __future__ import annotations

from collections.abc import Container, Iterable
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from recorder_core.detect.networks.layers.batch_norm import BATCH_NORM_EPSILON
from recorder_core.detect.networks.resnet.design import BLOCKS, BOTTLENECK_DEPTH
from recorder_core.errors import ModelMismatch

__all__ = ["PERSON", "adopt_public_names", "guess_design", "require_tensors"]

#: COCO's number of the class "person" in torchvision's weights, where 0 is background
PERSON: Final = 1


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
        if known == blocks and narrow == (depth >= BOTTLENECK_DEPTH):
            return {"depth": depth, "width": width, "pyramid": pyramid}
    depths = ", ".join(map(str, BLOCKS))
    raise ModelMismatch(f"a ResNet with {blocks} blocks is not one of {depths}")
