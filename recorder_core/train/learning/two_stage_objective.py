"""How Faster R-CNN learns: proposals and their judgement, on a sample of each.

References
----------
.. [1] S. Ren et al., "Faster R-CNN", NeurIPS 2015, section 3.
.. [2] R. Girshick, "Fast R-CNN", ICCV 2015, section 2.3 (the samples of proposals).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar, Final

import numpy as np

from recorder_core.detect.anchors import AnchorSettings, make_anchors
from recorder_core.errors import SettingsError
from recorder_core.train.learning.loss import LossSettings
from recorder_core.train.learning.matching import FACE, NO_FACE, MatchingSettings, match_anchors
from recorder_core.train.learning.objective import Arrays, Prediction, Tensors, stack_boxes
from recorder_core.train.samples.views import Sample

if TYPE_CHECKING:
    from torch import Tensor, nn

__all__ = ["FasterRcnnObjective", "SamplingSettings"]

#: where smooth L1 turns from a square into a line: as in torchvision, whose weights
#: training goes on from
_BETA: Final = 1 / 9


@dataclass(frozen=True, slots=True)
class SamplingSettings:
    """How many anchors and proposals of a picture count; defaults as published."""

    #: anchors, and the largest share of them that shows a face
    anchors: int = 256
    anchor_face_share: float = 0.5
    #: proposals, and the largest share of them that shows a face
    proposals: int = 512
    proposal_face_share: float = 0.25
    #: least overlap of a proposal with its face
    min_proposal_iou: float = 0.5

    def __post_init__(self) -> None:
        shares = (self.anchor_face_share, self.proposal_face_share, self.min_proposal_iou)
        if min(self.anchors, self.proposals) < 1 or not all(0 < share <= 1 for share in shares):
            raise SettingsError("sampling: numbers must be at least 1, shares lie between 0 and 1")


class FasterRcnnObjective:
    """The published loss of both stages, trained together.

    Parameters
    ----------
    anchors : AnchorSettings
    loss : LossSettings
    matching : MatchingSettings
        Of the anchors.
    sampling : SamplingSettings
    """

    terms: ClassVar[tuple[str, ...]] = (
        "proposal_label_loss",
        "proposal_box_loss",
        "label_loss",
        "box_loss",
    )

    def __init__(
        self,
        anchors: AnchorSettings,
        loss: LossSettings,
        matching: MatchingSettings,
        sampling: SamplingSettings,
    ) -> None:
        self._anchors, self._loss = anchors, loss
        self._matching, self._sampling = matching, sampling

    def make_targets(self, samples: Sequence[Sample], size_px: int) -> Arrays:
        """Return labels and offsets of the anchors, and the faces and ignored regions."""
        anchors = make_anchors(size_px, size_px, self._anchors)
        found = [
            match_anchors(anchors, sample, self._anchors.variances, self._matching)
            for sample in samples
        ]
        faces, counts = stack_boxes([s.boxes_xyxy_px for s in samples])
        ignored, ignored_counts = stack_boxes([s.ignored_xyxy_px for s in samples])
        return {
            "labels": np.stack([t.labels for t in found]),
            "offsets": np.stack([t.offsets for t in found]),
            "faces": faces,
            "counts": counts,
            "ignored": ignored,
            "ignored_counts": ignored_counts,
        }

    def losses(
        self, network: nn.Module, pictures: Tensor, targets: Tensors, _teacher: Prediction | None
    ) -> dict[str, Tensor]:
        """Return the four losses; see `Objective.losses`."""
        rcnn: Any = network
        levels = rcnn.backbone(pictures)
        margins, offsets = (v.float() for v in rcnn.score_anchors(levels))
        first = self._proposal_losses(margins, offsets, targets)
        proposals = rcnn.propose(margins, offsets, tuple(pictures.shape[2:]))
        second = self._judgement_losses(rcnn, levels, proposals, targets)
        return dict(zip(self.terms, (*first, *second), strict=True))

    def _proposal_losses(
        self, margins: Tensor, offsets: Tensor, targets: Tensors
    ) -> tuple[Tensor, Tensor]:
        import torch
        from torch.nn import functional

        settings, labels = self._sampling, targets["labels"]
        taken = torch.stack(
            [
                _sample(each, settings.anchors, settings.anchor_face_share, seed)
                for each, seed in zip(labels, targets["numbers"].tolist(), strict=True)
            ]
        )
        is_face = taken & (labels == FACE)
        count = taken.sum().clamp(min=1)
        label_loss = functional.binary_cross_entropy_with_logits(
            margins[taken], is_face[taken].float(), reduction="sum"
        )
        box_loss = functional.smooth_l1_loss(
            offsets[is_face], targets["offsets"][is_face], beta=_BETA, reduction="sum"
        )
        return label_loss / count, self._loss.box_weight * box_loss / count

    def _judgement_losses(
        self, rcnn: Any, levels: list[Tensor], proposals: list[Tensor], targets: Tensors
    ) -> tuple[Tensor, Tensor]:
        import torch
        from torch.nn import functional

        chosen = [self._choose(number, boxes, targets) for number, boxes in enumerate(proposals)]
        logits, offsets = (v.float() for v in rcnn.judge(levels, [c.boxes for c in chosen]))
        labels = torch.cat([c.is_face for c in chosen])
        wanted = torch.cat([c.offsets for c in chosen])
        count = max(1, len(labels))
        label_loss = functional.cross_entropy(logits, labels.long(), reduction="sum")
        box_loss = functional.smooth_l1_loss(
            offsets[labels], wanted[labels], beta=_BETA, reduction="sum"
        )
        return label_loss / count, self._loss.box_weight * box_loss / count

    def _choose(self, number: int, proposals: Tensor, targets: Tensors) -> _Chosen:
        """Choose the proposals of a picture that count; its faces are among them."""
        import torch

        from recorder_core.detect.networks.faster_rcnn._torch import BOX_VARIANCES
        from recorder_core.detect.networks.layers._boxes_torch import (
            encode_tensor,
            pairwise_overlaps,
        )

        settings = self._sampling
        faces = targets["faces"][number, : int(targets["counts"][number])]
        ignored = targets["ignored"][number, : int(targets["ignored_counts"][number])]
        boxes = torch.cat([proposals, faces])
        labels = torch.full((len(boxes),), NO_FACE, dtype=torch.int8, device=boxes.device)
        labels[_covered(boxes, ignored) >= self._matching.min_ignored_share] = -1
        face = torch.zeros(len(boxes), dtype=torch.int64, device=boxes.device)
        if len(faces):
            overlap, face = pairwise_overlaps(boxes, faces).max(dim=1)
            labels[overlap >= settings.min_proposal_iou] = FACE
        seed = int(targets["numbers"][number])
        taken = _sample(labels, settings.proposals, settings.proposal_face_share, seed)
        kept, is_face = boxes[taken], labels[taken] == FACE
        offsets = torch.zeros_like(kept)
        if len(faces):
            centred = torch.cat([(kept[:, :2] + kept[:, 2:]) / 2, kept[:, 2:] - kept[:, :2]], dim=1)
            offsets = encode_tensor(faces[face[taken]], centred, BOX_VARIANCES)
        return _Chosen(kept, is_face, offsets)


@dataclass(frozen=True, slots=True)
class _Chosen:
    #: (K, 4)
    boxes: Tensor
    #: (K,) bool
    is_face: Tensor
    #: (K, 4); of no meaning where it is no face
    offsets: Tensor


def _sample(labels: Tensor, count: int, face_share: float, seed: int) -> Tensor:
    """Choose among what is judged, faces first up to their share, (P,) bool.

    The choice depends on the seed only, so that a run that goes on chooses the same.
    """
    import torch

    generator = torch.Generator().manual_seed(seed)
    order = torch.rand(len(labels), generator=generator).to(labels.device)
    faces = _first(labels == FACE, order, int(count * face_share))
    return faces | _first(labels == NO_FACE, order, count - int(faces.sum()))


def _first(wanted: Tensor, order: Tensor, most: int) -> Tensor:
    import torch

    places = torch.nonzero(wanted)[:, 0]
    kept = places[order[places].argsort(stable=True)[:most]]
    chosen = torch.zeros_like(wanted)
    chosen[kept] = True
    return chosen


def _covered(boxes: Tensor, regions: Tensor) -> Tensor:
    """Return the share of each box (K, 4) that the region with most of it covers."""
    import torch

    if not len(regions):
        return boxes.new_zeros(len(boxes))
    a, b = boxes[:, None], regions[None]
    sides = torch.minimum(a[..., 2:], b[..., 2:]) - torch.maximum(a[..., :2], b[..., :2])
    areas = (boxes[:, 2:] - boxes[:, :2]).prod(dim=1).clamp(min=1e-9)
    return sides.clamp(min=0).prod(dim=2).max(dim=1).values / areas
