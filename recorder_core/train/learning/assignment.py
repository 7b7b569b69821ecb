"""Which places of the compact detector learn which face, by what it says already.

References
----------
.. [1] Z. Ge et al., "OTA: Optimal Transport Assignment for Object Detection", CVPR 2021;
   simplified in "YOLOX", arXiv 2107.08430, section 2.1 (SimOTA).
.. [2] C. Lyu et al., "RTMDet", arXiv 2212.07784, section 3.3 (a cost that knows how well
   the boxes fit).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from recorder_core.errors import SettingsError
from recorder_core.train.learning.box_losses import quality_loss

if TYPE_CHECKING:
    from torch import Tensor

__all__ = ["AssignmentSettings", "assign_places"]

#: added to the cost of a place that is not both in the face and near its centre
_FAR: Final = 1e5


@dataclass(frozen=True, slots=True)
class AssignmentSettings:
    """How many places learn a face; defaults as in SimOTA."""

    #: a place is near a face's centre within so many times its own spacing
    centre_radius: float = 2.5
    #: a face is learnt by as many places as the overlaps of its best boxes add up to;
    #: so many boxes are added
    best_boxes: int = 10
    #: weight of the overlap's negative logarithm in the cost
    overlap_weight: float = 3.0

    def __post_init__(self) -> None:
        if min(self.centre_radius, self.best_boxes, self.overlap_weight) <= 0:
            raise SettingsError("assignment settings must all be greater than 0")


def assign_places(
    boxes: Tensor,
    margins: Tensor,
    places: Tensor,
    faces: Tensor,
    settings: AssignmentSettings,
) -> Tensor:
    """Assign each location the face that it is to learn, in one picture.

    A place is a candidate if its centre lies in a face or near a face's centre. The
    cost of a pair is low where the box that the place gives already fits and its score
    says so. Each face takes its cheapest places; a place that several faces want goes
    to the cheapest, and a face that is left with none takes the cheapest free one.

    Parameters
    ----------
    boxes : Tensor of shape (P, 4)
        What the network says now, left, top, right, bottom in pixels; no gradient.
    margins : Tensor of shape (P,)
        Log-odds of a face.
    places : Tensor of shape (P, 4)
        Centre x, centre y, and the spacing of the place's level as width and height.
    faces : Tensor of shape (M, 4)
        Faces to learn, left, top, right, bottom in pixels.
    settings : AssignmentSettings

    Returns
    -------
    Tensor of shape (P,), int64
        Number of the face; -1 where there is none.
    """
    import torch

    from recorder_core.detect.networks.layers._boxes_torch import pairwise_overlaps

    chosen = torch.full((len(places),), -1, dtype=torch.int64, device=places.device)
    if len(faces) == 0:
        return chosen
    inside, near = _where(places, faces, settings.centre_radius)
    candidates = torch.nonzero((inside | near).any(dim=0))[:, 0]
    if len(candidates) == 0:
        return chosen
    overlaps = pairwise_overlaps(faces, boxes[candidates])
    costs = _costs(overlaps, margins[candidates], settings)
    costs = costs + _FAR * ~(inside & near)[:, candidates]
    wanted = _cheapest(costs, overlaps, settings)
    free = wanted.any(dim=0)
    best = torch.where(wanted, costs, torch.inf).argmin(dim=0)
    chosen[candidates[free]] = best[free]
    _give_to_the_left_out(chosen, candidates, costs, (inside | near)[:, candidates])
    return chosen


def _give_to_the_left_out(
    chosen: Tensor, candidates: Tensor, costs: Tensor, possible: Tensor
) -> None:
    """Assign each face without a location its cheapest free one; changes `chosen`."""
    import torch

    counts = torch.bincount(chosen[chosen >= 0], minlength=len(costs))
    for face in torch.nonzero(counts == 0)[:, 0].tolist():
        free = possible[face] & (chosen[candidates] < 0)
        if free.any():
            place = torch.where(free, costs[face], torch.inf).argmin()
            chosen[candidates[place]] = face


def _where(places: Tensor, faces: Tensor, radius: float) -> tuple[Tensor, Tensor]:
    """Return for each face and place whether it is inside, and whether near the centre, (M, P)."""
    centres = places[None, :, :2]
    inside = ((centres > faces[:, None, :2]) & (centres < faces[:, None, 2:])).all(dim=2)
    middles = (faces[:, None, :2] + faces[:, None, 2:]) / 2
    near = ((centres - middles).abs() < radius * places[None, :, 2:]).all(dim=2)
    return inside, near


def _costs(overlaps: Tensor, margins: Tensor, settings: AssignmentSettings) -> Tensor:
    label = quality_loss(margins[None].expand_as(overlaps), overlaps)
    return label - settings.overlap_weight * (overlaps + 1e-7).log()


def _cheapest(costs: Tensor, overlaps: Tensor, settings: AssignmentSettings) -> Tensor:
    """Choose each face's places, (M, C) bool."""
    import torch

    best = overlaps.topk(min(settings.best_boxes, overlaps.shape[1]), dim=1).values
    counts = best.sum(dim=1).int().clamp(min=1)
    order = costs.argsort(dim=1, stable=True)
    ranks = torch.empty_like(order)
    positions = torch.arange(costs.shape[1], device=costs.device).expand_as(order)
    ranks.scatter_(1, order, positions)
    return ranks < counts[:, None]
