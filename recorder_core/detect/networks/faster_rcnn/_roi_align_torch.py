"""RoIAlign in plain PyTorch: features of boxes, sampled between the pixels.

References
----------
.. [1] K. He et al., "Mask R-CNN", ICCV 2017, section 3.
.. [2] T.-Y. Lin et al., "Feature Pyramid Networks for Object Detection", CVPR 2017,
   equation 1 (the level of a box).
"""

from __future__ import annotations

import torch
from torch import Tensor

__all__ = ["level_of_boxes", "roi_align"]

#: boxes whose samples are in memory at the same time
_CHUNK = 256
#: edge of the pictures that the backbone was trained on, and the level of such a box [2]_
_CANONICAL_EDGE_PX = 224.0
_CANONICAL_LEVEL = 4
#: keeps a box of exactly a power of two of the canonical edge on the upper level
_EPSILON = 1e-6


def roi_align(
    features: Tensor,
    boxes: Tensor,
    *,
    scale: float,
    output_size: int = 7,
    samples: int = 2,
    aligned: bool = False,
) -> Tensor:
    """Sample the features of boxes on a grid.

    A box is divided into ``output_size`` x ``output_size`` cells; a cell's value is the
    mean of ``samples`` x ``samples`` points spread evenly over it, each interpolated
    linearly between the four pixels around it. A point more than one pixel outside the
    features is 0; one nearer to them takes the value at their edge.

    Parameters
    ----------
    features : Tensor of shape (C, H, W)
        Of one picture.
    boxes : Tensor of shape (K, 4)
        Left, top, right, bottom in input pixels.
    scale : float
        Feature pixels in an input pixel: one over the stride.
    output_size : int
        Cells in a row.
    samples : int
        Points in a row of a cell.
    aligned : bool
        False, as torchvision's detectors were trained: coordinate 0 is the centre of
        the first feature pixel, and a box is at least one feature pixel wide and high.
        True: coordinate 0 is the edge of the first feature pixel, its centre at 0.5, as
        in the input, and boxes keep their size.

    Returns
    -------
    Tensor of shape (K, C, output_size, output_size)
    """
    if len(boxes) == 0:
        return features.new_zeros((0, features.shape[0], output_size, output_size))
    height, width = features.shape[1:]
    # a row for each pixel: neighbours in a row are then read together
    rows = features.flatten(1).t().contiguous()
    points = output_size * samples
    pooled = []
    for part in torch.split(boxes, _CHUNK):
        x, y = _sample_points(part, scale, points, aligned)
        values = _interpolate(rows, (height, width), x, y)
        cells = values.view(len(part), output_size, samples, output_size, samples, -1)
        pooled.append(cells.mean(dim=(2, 4)).permute(0, 3, 1, 2))
    return torch.cat(pooled)


def _sample_points(
    boxes: Tensor, scale: float, points: int, aligned: bool
) -> tuple[Tensor, Tensor]:
    """Return the columns (K, points) and rows (K, points) of each box's samples."""
    corners = boxes * scale - (0.5 if aligned else 0.0)
    sizes = corners[:, 2:] - corners[:, :2]
    if not aligned:
        sizes = sizes.clamp(min=1.0)
    steps = (torch.arange(points, device=boxes.device, dtype=boxes.dtype) + 0.5) / points
    x = corners[:, :1] + sizes[:, :1] * steps
    y = corners[:, 1:2] + sizes[:, 1:] * steps
    return x, y


def _interpolate(rows: Tensor, size: tuple[int, int], x: Tensor, y: Tensor) -> Tensor:
    """Return the features at each row and column of each box, (K, points, points, C)."""
    (left, right, across), (top, bottom, down) = _neighbours(x, size[1]), _neighbours(y, size[0])
    total = rows.new_zeros((*y.shape, x.shape[1], rows.shape[1]))
    for row, row_weight in ((top, down[0]), (bottom, down[1])):
        for column, column_weight in ((left, across[0]), (right, across[1])):
            index = row[:, :, None] * size[1] + column[:, None, :]
            weight = row_weight[:, :, None] * column_weight[:, None, :]
            total = total + rows[index] * weight[..., None].to(rows.dtype)
    return total


def _neighbours(places: Tensor, length: int) -> tuple[Tensor, Tensor, tuple[Tensor, Tensor]]:
    """Return the pixels before and after each place and their weights."""
    inside = (places >= -1) & (places <= length)
    kept = places.clamp(min=0, max=length - 1)
    before = kept.floor().long()
    after = (before + 1).clamp(max=length - 1)
    share = kept - before
    return before, after, ((1 - share) * inside, share * inside)


def level_of_boxes(boxes: Tensor, levels: int, first_level: int = 2) -> Tensor:
    """Return on which level of a pyramid each box is looked at, 0 being the finest, (K,).

    A box of 224 pixels is looked at on level 4, one of half the size on the level before
    [2]_; `first_level` is the number of the finest one.
    """
    areas = (boxes[:, 2:] - boxes[:, :2]).clamp(min=0).prod(dim=1)
    edges = areas.sqrt().clamp(min=1e-12)
    level = torch.floor(_CANONICAL_LEVEL + torch.log2(edges / _CANONICAL_EDGE_PX) + _EPSILON)
    return (level - first_level).clamp(min=0, max=levels - 1).long()
