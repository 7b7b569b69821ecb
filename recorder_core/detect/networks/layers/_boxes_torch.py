"""Boxes and offsets in PyTorch, with gradients; the twins of `recorder_core.detect.anchors`."""

from __future__ import annotations

import math

import torch
from torch import Tensor

__all__ = ["decode_tensor", "encode_tensor", "pairwise_overlaps"]

#: largest logarithm of a size ratio that is decoded; torchvision's, whose weights were
#: trained with it
_MAX_LOG_SIZE = math.log(1000 / 16)
#: square pixels; keeps the overlap of two empty boxes at 0
_MIN_AREA = 1e-9


def decode_tensor(offsets: Tensor, anchors: Tensor, variances: tuple[float, float]) -> Tensor:
    """Turn offsets (..., 4) into boxes.

    Parameters
    ----------
    offsets : Tensor of shape (..., 4)
    anchors : Tensor of shape (..., 4)
        Centre x, centre y, width, height.
    variances : (float, float)
        Scale of the centre offsets and of the size offsets.

    Returns
    -------
    Tensor of shape (..., 4)
        Left, top, right, bottom.
    """
    centres = anchors[..., :2] + offsets[..., :2] * variances[0] * anchors[..., 2:]
    sizes = (offsets[..., 2:] * variances[1]).clamp(max=_MAX_LOG_SIZE).exp() * anchors[..., 2:]
    return torch.cat([centres - sizes / 2, centres + sizes / 2], dim=-1)


def encode_tensor(boxes: Tensor, anchors: Tensor, variances: tuple[float, float]) -> Tensor:
    """Turn boxes (..., 4) into the offsets that `decode_tensor` takes."""
    sizes = boxes[..., 2:] - boxes[..., :2]
    middles = (boxes[..., 2:] + boxes[..., :2]) / 2
    centres = (middles - anchors[..., :2]) / (anchors[..., 2:] * variances[0])
    return torch.cat([centres, (sizes / anchors[..., 2:]).log() / variances[1]], dim=-1)


def pairwise_overlaps(boxes: Tensor, others: Tensor) -> Tensor:
    """Return the intersection over union of every box (M, 4) with every other (P, 4)."""
    a, b = boxes[:, None], others[None]
    sides = torch.minimum(a[..., 2:], b[..., 2:]) - torch.maximum(a[..., :2], b[..., :2])
    shared = sides.clamp(min=0).prod(dim=2)
    areas = (a[..., 2:] - a[..., :2]).prod(dim=2) + (b[..., 2:] - b[..., :2]).prod(dim=2)
    return shared / (areas - shared).clamp(min=_MIN_AREA)
