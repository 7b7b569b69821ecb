"""What the networks share in PyTorch; imported only when a network is built."""

from __future__ import annotations

from typing import TypeVar

import torch
from torch import Tensor, nn

__all__ = ["by_place", "fold_batch_norm", "put_channels_last"]

_Network = TypeVar("_Network", bound=nn.Module)


def by_place(features: Tensor, values: int) -> Tensor:
    """Turn channels into rows: (N, A x values, H, W) to (N, H x W x A, values)."""
    return features.permute(0, 2, 3, 1).reshape(features.shape[0], -1, values)


def fold_batch_norm(network: _Network) -> _Network:
    """Fold the fixed statistics of each batch norm into the convolution before it.

    Changes the network in place and returns it: the same function, with fewer
    memory passes. Only convolutions and norms that follow each other in a sequence
    are folded, and only networks in eval mode compute the same afterwards.
    """
    for module in list(network.modules()):
        if isinstance(module, nn.Sequential):
            _fold_sequence(module)
    return network


def put_channels_last(network: _Network) -> _Network:
    """Store the weights in the memory order that is fastest on a processor."""
    for parameter in network.parameters():
        if parameter.ndim == 4:
            parameter.data = parameter.data.contiguous(memory_format=torch.channels_last)
    return network


def _fold_sequence(sequence: nn.Sequential) -> None:
    for index in range(len(sequence) - 1):
        conv, norm = sequence[index], sequence[index + 1]
        if isinstance(conv, nn.Conv2d) and isinstance(norm, nn.BatchNorm2d):
            sequence[index] = torch.nn.utils.fusion.fuse_conv_bn_eval(conv, norm)
            sequence[index + 1] = nn.Identity()
