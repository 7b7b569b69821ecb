"""Losses of boxes and scores that several detectors share."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from torch import Tensor

__all__ = ["efficient_iou", "focal_loss", "quality_loss"]


def quality_loss(margins: Tensor, qualities: Tensor) -> Tensor:
    """Return the quality focal loss, element by element.

    Parameters
    ----------
    margins : Tensor
        Log-odds of a face.
    qualities : Tensor
        What the probability should be: the box's overlap with its face, 0 where there
        is none.

    References
    ----------
    .. [1] X. Li et al., "Generalized Focal Loss", NeurIPS 2020, equation 4, with beta 2.
    """
    from torch.nn import functional

    cross = functional.binary_cross_entropy_with_logits(margins, qualities, reduction="none")
    return cross * (qualities - margins.sigmoid()).abs().square()


def focal_loss(margins: Tensor, target: Tensor, alpha: float, gamma: float) -> Tensor:
    """Return the focal loss, element by element.

    Parameters
    ----------
    margins : Tensor
        Log-odds of a face.
    target : Tensor
        What the probability should be; 0 where there is no face.
    alpha : float
        Weight of faces; the others have 1 - `alpha`.
    gamma : float
        How strongly what is already right loses its weight.

    References
    ----------
    .. [1] T.-Y. Lin et al., "Focal Loss for Dense Object Detection", ICCV 2017,
       equation 5.
    """
    from torch.nn import functional

    cross = functional.binary_cross_entropy_with_logits(margins, target, reduction="none")
    wrong = (target - margins.sigmoid()).abs()
    weight = alpha * target + (1 - alpha) * (1 - target)
    return weight * wrong**gamma * cross


def efficient_iou(boxes: Tensor, faces: Tensor) -> tuple[Tensor, Tensor]:
    """Return the EIoU loss of each pair of rows, and the plain overlap.

    Parameters
    ----------
    boxes, faces : Tensor of shape (K, 4)
        Left, top, right, bottom; positive widths and heights.

    Returns
    -------
    (Tensor, Tensor)
        (K,) each: one minus the overlap plus the distances of centres, widths and
        heights in the smallest box around both; and the intersection over union.

    References
    ----------
    .. [1] Y.-F. Zhang et al., "Focal and Efficient IOU Loss for Accurate Bounding Box
       Regression", Neurocomputing 2022, equation 12.
    """
    import torch

    sides = torch.minimum(boxes[:, 2:], faces[:, 2:]) - torch.maximum(boxes[:, :2], faces[:, :2])
    shared = sides.clamp(min=0).prod(dim=1)
    sizes, face_sizes = boxes[:, 2:] - boxes[:, :2], faces[:, 2:] - faces[:, :2]
    overlaps = shared / (sizes.prod(dim=1) + face_sizes.prod(dim=1) - shared).clamp(min=1e-9)
    around = torch.maximum(boxes[:, 2:], faces[:, 2:]) - torch.minimum(boxes[:, :2], faces[:, :2])
    around = around.square().clamp(min=1e-9)
    middles = (boxes[:, :2] + boxes[:, 2:] - faces[:, :2] - faces[:, 2:]) / 2
    distance = middles.square().sum(dim=1) / around.sum(dim=1)
    shape = ((sizes - face_sizes).square() / around).sum(dim=1)
    return 1 - overlaps + distance + shape, overlaps
