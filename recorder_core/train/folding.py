"""Between the published tensors and those of a network with folded batch norms.

Training with folded batch norms is the same as training with fixed statistics, in
two thirds of the time; afterwards the change is written back in the published form.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

__all__ = ["unfold_tensors"]

#: added to the variance by batch norms; PyTorch's default, with which the weights were made
_EPSILON = 1e-5


def unfold_tensors(
    folded: Mapping[str, NDArray[np.float32]], start: Mapping[str, NDArray[np.float32]]
) -> dict[str, NDArray[np.float32]]:
    """Write folded weights in the published form.

    Parameters
    ----------
    folded : mapping
        Tensors of a network whose batch norms were folded.
    start : mapping
        Tensors it was built from: their statistics and scales are kept, convolutions
        and shifts are changed so that the network computes what the folded one does.

    Returns
    -------
    dict of str to ndarray, float32
        Names and shapes of `start`.
    """
    result = dict(start)
    for name, value in folded.items():
        prefix, _, kind = name.rpartition(".")
        norm = _norm_after(prefix)
        if f"{norm}.running_var" not in start:
            result[name] = value
            continue
        scale = start[f"{norm}.weight"] / np.sqrt(start[f"{norm}.running_var"] + _EPSILON)
        if kind == "weight":
            result[name] = (value / scale.reshape(-1, 1, 1, 1)).astype(np.float32)
        else:
            shift = value + start[f"{norm}.running_mean"] * scale
            result[f"{norm}.bias"] = shift.astype(np.float32)
    return result


def _norm_after(convolution: str) -> str:
    parent, _, index = convolution.rpartition(".")
    return f"{parent}.{int(index) + 1}" if index.isdecimal() else ""
